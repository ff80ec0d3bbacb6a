package import JSON

/// Reads one object of a recipe, setting by setting, and refuses keys that nothing asked for.
final class RecipeReader {
  let file: String
  /// The object's own path, with a dot behind; empty for the outermost.
  private let path: String
  private let json: JSON
  private var known: Set<String> = []

  init(_ json: JSON, file: String, path: String = "") throws(RecipeError) {
    (self.json, self.file, self.path) = (json, file, path)
    if json.object == nil { throw RecipeError(file: file, key: String(path.dropLast()), reason: "is no JSON object") }
  }

  func error(_ key: String, _ reason: String) -> RecipeError {
    RecipeError(file: file, key: path + key, reason: reason)
  }

  /// A member that is there and not null.
  func value(_ key: String) -> JSON? {
    known.insert(key)
    guard let value = json[key] else { return nil }
    return value.isNull ? Optional<JSON>.none : value
  }

  func int(
    _ key: String, default fallback: Int? = nil, in range: ClosedRange<Int> = 0...1 << 30
  ) throws(RecipeError) -> Int {
    guard let found = value(key) else {
      guard let fallback else { throw error(key, "is missing") }
      return fallback
    }
    guard let number = found.int else { throw error(key, "is \(Self.short(found)); a whole number is wanted") }
    guard range.contains(number) else { throw error(key, "\(number) is outside \(range)") }
    return number
  }

  func double(
    _ key: String, default fallback: Double? = nil, in range: ClosedRange<Double> = 0...1e9
  ) throws(RecipeError) -> Double {
    guard let found = value(key) else {
      guard let fallback else { throw error(key, "is missing") }
      return fallback
    }
    guard let number = found.double else { throw error(key, "is \(Self.short(found)); a number is wanted") }
    guard range.contains(number) else { throw error(key, "\(number) is outside \(range)") }
    return number
  }

  func bool(_ key: String, default fallback: Bool) throws(RecipeError) -> Bool {
    guard let found = value(key) else { return fallback }
    guard let flag = found.boolean else { throw error(key, "is \(Self.short(found)); true or false is wanted") }
    return flag
  }

  func string(_ key: String, default fallback: String? = nil) throws(RecipeError) -> String {
    guard let found = value(key) else {
      guard let fallback else { throw error(key, "is missing") }
      return fallback
    }
    guard let text = found.string else { throw error(key, "is \(Self.short(found)); text is wanted") }
    return text
  }

  func strings(_ key: String, default fallback: [String]) throws(RecipeError) -> [String] {
    guard let found = value(key) else { return fallback }
    let texts = found.array?.compactMap(\.string)
    guard let texts, texts.count == found.array?.count else {
      throw error(key, "is \(Self.short(found)); a list of texts is wanted")
    }
    return texts
  }

  /// One of an enumeration's names.
  func choice<Choice: RawRepresentable & CaseIterable>(
    _ key: String, default fallback: Choice? = nil
  ) throws(RecipeError) -> Choice where Choice.RawValue == String {
    if value(key) == nil, let fallback { return fallback }
    let name = try string(key)
    guard let choice = Choice(rawValue: name) else {
      let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw error(key, "'\(name.prefix(40))' is none of \(all)")
    }
    return choice
  }

  /// A member object; an empty one where it is absent.
  func section(_ key: String) throws(RecipeError) -> RecipeReader {
    try RecipeReader(value(key) ?? [:], file: file, path: path + key + ".")
  }

  /// Throws where the object has a key that was never asked for.
  func finish() throws(RecipeError) {
    guard let other = json.object?.first(where: { !known.contains($0.key) && $0.key != "//" }) else { return }
    throw error(other.key, "is no setting here; there are \(known.sorted().joined(separator: ", "))")
  }

  private static func short(_ value: JSON) -> String { String(value.description.prefix(60)) }
}

extension JSON {
  /// This object with another value at a path of keys, as `["rate", "peak"]`; objects are made where they lack.
  package func replacing(_ path: some Collection<String>, by value: JSON) -> JSON {
    guard let key = path.first else { return value }
    var members = object ?? []
    let inner = (self[key] ?? [:]).replacing(path.dropFirst(), by: value)
    if let place = members.lastIndex(where: { $0.key == key }) {
      members[place].value = inner
    } else {
      members.append(Member(key, inner))
    }
    return .object(members)
  }
}
