import Files

/// Functional Map of the World as WILDS ships it (`fmow_v1.1`): a table of images with country and time,
/// and a table of countries with their regions.
///
/// A set is `FOLDER::/REGIONS/SPLIT`: one or more of `asia`, `europe`, `africa`, `americas`, `oceania`,
/// `other` with commas between them, or `all`; and one of WILDS' official splits: `train`, `id_val` and
/// `id_test` are images from before 2013, `val` those of 2013 to 2015, `test` those from 2016 on.
enum SatelliteImages {
  static let tableName = "rgb_metadata.csv"
  private static let countriesName = "country_code_mapping.csv"
  private static let regions = ["asia", "europe", "africa", "americas", "oceania", "other"]
  private static let splits = ["train", "id_val", "id_test", "val", "test"]

  static func open(
    _ name: SetName, classCount: Int?, _ reading: ImageReading
  ) throws(FileError) -> ExampleSet {
    let parts = name.parts
    let wanted = parts.first.map { $0.split(separator: ",").map(String.init) } ?? []
    guard parts.count == 2, splits.contains(parts[1]), !wanted.isEmpty,
      wanted == ["all"] || wanted.allSatisfy({ regions.contains($0) })
    else {
      throw FileError(
        path: name.file, object: name.object,
        reason: "name regions and split, as in \(name.file)::/africa,europe/test; regions: "
          + "\(regions.joined(separator: ", ")), all; splits: \(splits.joined(separator: ", "))")
    }
    let regionOf = try countries("\(name.file)/\(countriesName)")
    var listed = ListedImages(root: name.file)
    listed.classNames = categories
    listed.classCount = categories.count
    let labels = Dictionary(uniqueKeysWithValues: categories.enumerated().map { ($1, $0) })
    let path = "\(name.file)/\(tableName)"
    let columns = ["split", "category", "timestamp", "country_code"]
    try CSVTable.eachRow(of: path, columns) { (row, fields) throws(FileError) in
      func wrong(_ reason: String) -> FileError {
        FileError(path: path, object: "row \(row)", reason: reason)
      }
      guard let label = labels[fields[1]] else {
        throw wrong("'\(fields[1])' is none of the set's 62 categories")
      }
      guard let year = Int(fields[2].prefix(4)) else { throw wrong("a timestamp without a year") }
      guard split(fields[0], year) == parts[1],
        wanted == ["all"] || wanted.contains(regionOf[fields[3]] ?? "other")
      else { return }
      listed.paths.append("images/rgb_img_\(row).png")
      listed.labels.append(label)
    }
    return try listed.set(name, format: "FMoW", classCount: classCount, reading)
  }

  /// WILDS' split of an image that the original set has in `split`; `nil` for images in none.
  private static func split(_ split: String, _ year: Int) -> String? {
    switch split {
    case "train": year < 2013 ? "train" : nil
    case "val": year < 2013 ? "id_val" : year < 2016 ? "val" : nil
    case "test": year < 2013 ? "id_test" : year < 2016 ? nil : "test"
    default: nil
    }
  }

  private static func countries(_ path: String) throws(FileError) -> [String: String] {
    var regions: [String: String] = [:]
    try CSVTable.eachRow(of: path, ["alpha-3", "region"]) { (_, fields) throws(FileError) in
      regions[fields[0]] = fields[1].isEmpty ? "other" : fields[1].lowercased()
    }
    return regions
  }

  private static let categories = """
    airport airport_hangar airport_terminal amusement_park aquaculture archaeological_site barn
    border_checkpoint burial_site car_dealership construction_site crop_field dam debris_or_rubble
    educational_institution electric_substation factory_or_powerplant fire_station flooded_road
    fountain gas_station golf_course ground_transportation_station helipad hospital
    impoverished_settlement interchange lake_or_pond lighthouse military_facility
    multi-unit_residential nuclear_powerplant office_building oil_or_gas_facility park
    parking_lot_or_garage place_of_worship police_station port prison race_track railway_bridge
    recreational_facility road_bridge runway shipyard shopping_mall single-unit_residential
    smokestack solar_farm space_facility stadium storage_tank surface_mine swimming_pool toll_booth
    tower tunnel_opening waste_disposal water_treatment_facility wind_farm zoo
    """.split { $0 == " " || $0 == "\n" }.map(String.init)
}
