public import ArgumentParser
public import Reports

extension OutputFormat: ExpressibleByArgument {}
