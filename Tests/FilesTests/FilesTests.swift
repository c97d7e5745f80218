import Testing

@Suite struct FilesTests {}
