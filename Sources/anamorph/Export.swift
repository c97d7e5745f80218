import ArgumentParser
import Files
import Reports

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the tables of a run as CSV, what their columns mean, and a notebook.",
    discussion: """
      FOLDER/NAME/ receives a CSV file per table, dictionary.csv and README.md; FOLDER/NAME.ipynb \
      is a Jupyter notebook that reads them with pandas and plots them with matplotlib, and says \
      what each plot shows. Run it with Jupyter, or with

        jupyter nbconvert --to notebook --execute --inplace FOLDER/NAME.ipynb

      Files of the same names are replaced; when something fails, nothing is.

      Exit status: 0, or 2 when the run could not be read or the files not written.
      """)

  @Argument(
    help: ArgumentHelp(
      "The run directory that verify or distortion wrote with -o.", valueName: "run"),
    completion: .directory)
  var runFolder: String

  @Option(
    name: [.short, .customLong("output")],
    help: ArgumentHelp("The folder to write to; made if needed.", valueName: "folder"))
  var output: String

  @Option(help: "The name of the notebook and of its folder, instead of that of the run.")
  var name: String?

  @Flag(name: .customLong("no-notebook"), help: "Tables only.")
  var hasNoNotebook = false

  func run() throws {
    try reporting {
      let export = try RunExport(
        try RunDirectory.open(runFolder), name: name, hasNotebook: !hasNoNotebook)
      let files = try export.write(to: output)
      try StandardOutput.write(files.map { "\(output)/\($0)\n" }.joined())
    }
  }
}
