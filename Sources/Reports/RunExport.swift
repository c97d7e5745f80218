import Files

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The numbers of a run for use elsewhere: its tables, what their columns mean, and a notebook that
/// reads them.
///
/// ```
/// FOLDER/NAME.ipynb           the notebook
/// FOLDER/NAME/TABLE.csv       every table, and dictionary.csv
/// FOLDER/NAME/README.md       the dictionary as a page
/// FOLDER/NAME/run.json        what the run says of itself
/// ```
///
/// The notebook finds the tables beside itself, so the folder can be moved, and several runs can be
/// exported into one.
public struct RunExport: Sendable {
  /// The name of the notebook and of the folder of tables.
  public let name: String

  private let contents: [(file: String, bytes: [UInt8])]
  private let notebook: Notebook?

  /// Reads everything that is to be exported.
  ///
  /// - Parameters:
  ///   - name: The name in the exported folder; that of the run's folder when `nil`.
  ///   - hasNotebook: Whether a notebook is wanted.
  /// - Throws: ``Files/FileError``, also when the run is not finished, or is of a kind for which
  ///   there is no notebook.
  public init(_ run: RunDirectory, name: String? = nil, hasNotebook: Bool = true) throws {
    let record = try run.record()
    let name = try name ?? Self.lastComponent(of: run.path)
    guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else {
      throw FileError(path: run.path, reason: "'\(name)' cannot name files; give another --name")
    }
    self.name = name
    let present = Set(try run.tableNames())
    let kind = record["command"]?.text.flatMap(RunKind.init)
    for table in kind?.tables ?? [] where !present.contains(table) {
      throw FileError(
        path: run.path,
        reason: "an unfinished run: no tables/\(table).csv yet; give the command that began it "
          + "again to finish it")
    }
    guard !present.isEmpty else { throw FileError(path: run.path, reason: "a run without tables") }
    let files = try Folder.files(in: run.file("tables"))
      .filter { ($0.hasSuffix(".csv") || $0 == "README.md") && !$0.hasPrefix(".") }
    contents =
      try files.map { ($0, try TextFile.bytes(of: run.file("tables/\($0)"))) }
      + [("run.json", try TextFile.bytes(of: run.file("run.json")))]
    guard hasNotebook else {
      notebook = nil
      return
    }
    guard let kind else {
      throw FileError(
        path: run.path, object: "run.json",
        reason: "there is no notebook for this kind of run; --no-notebook exports its tables")
    }
    notebook = kind.notebook(record: record, tables: name)
  }

  /// Writes the export into `folder`, which is made if needed; files of the same names are replaced.
  ///
  /// Everything is written under temporary names first, so that a failure leaves what was there.
  ///
  /// - Returns: The names of the files, as seen from `folder`.
  /// - Throws: ``Files/FileError``.
  @discardableResult
  public func write(to folder: String) throws -> [String] {
    let files =
      contents.map { (name: "\(name)/\($0.file)", bytes: $0.bytes) }
      + (notebook.map { [(name: "\(name).ipynb", bytes: Array($0.text.utf8))] } ?? [])
    var made: [String] = []
    var staged: [(temporary: String, path: String)] = []
    do {
      for path in [folder, "\(folder)/\(name)"] where try Self.makeFolder(path) {
        made.append(path)
      }
      for file in files {
        let path = "\(folder)/\(file.name)"
        let temporary = "\(path).\(getpid()).partial"
        staged.append((temporary, path))
        try AtomicFile.write(file.bytes, to: temporary)
        try Self.check(path)
      }
      for file in staged where rename(file.temporary, file.path) != 0 {
        throw FileError.system(file.path)
      }
    } catch {
      for file in staged { unlink(file.temporary) }
      for path in made.reversed() { rmdir(path) }
      throw error
    }
    return files.map(\.name)
  }

  /// Checks that a file can be put at `path`: a folder there would be found out too late.
  private static func check(_ path: String) throws {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      throw FileError(path: path, reason: "a folder is in the way of the file; name another")
    }
  }

  /// Makes a folder and says whether it was not there before.
  private static func makeFolder(_ path: String) throws -> Bool {
    let isNew = access(path, F_OK) != 0
    try RunDirectory.makeFolder(path)
    return isNew
  }

  /// The last component of the path that `path` resolves to, so that `.` has a name too.
  private static func lastComponent(of path: String) throws -> String {
    guard let resolved = realpath(path, nil) else { throw FileError.system(path) }
    defer { free(resolved) }
    return String(cString: resolved).split(separator: "/").last.map(String.init) ?? ""
  }
}

/// The kinds of runs that there are notebooks for.
enum RunKind: String {
  case verify
  case distortion

  /// The tables without which a run of the kind is not finished.
  var tables: [String] {
    switch self {
    case .verify: ["accuracy", "summary", "verdicts"]
    case .distortion: ["features", "weights", "verdicts"]
    }
  }

  /// The notebook of a run.
  ///
  /// - Parameters:
  ///   - record: What `run.json` says.
  ///   - tables: The folder of the tables, as seen from the notebook.
  func notebook(record: JSONText, tables: String) -> Notebook {
    switch self {
    case .verify: .verification(record: record, tables: tables)
    case .distortion: .distortion(record: record, tables: tables)
    }
  }
}
