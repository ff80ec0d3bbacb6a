import JSON

/// What a recipe learns from.
public enum DataRecipe: Hashable, Sendable {
  case sort(SortSettings)
  case text(TextSettings)
  case stories(StorySettings)
  /// A file of JSON lines, each with `messages`; only what the assistant says is learnt.
  case chat(path: String?)

  private enum Kind: String, CaseIterable { case sort, text, stories, chat }

  init(_ reader: RecipeReader) throws(RecipeError) {
    let kind: Kind = try reader.choice("kind")
    switch kind {
    case .sort: self = .sort(try SortSettings(reader))
    case .text: self = .text(try TextSettings(reader))
    case .stories: self = .stories(try StorySettings(reader))
    case .chat: self = .chat(path: reader.value("path") == nil ? nil : try reader.string("path"))
    }
    try reader.finish()
  }
}

/// Words of a few letters, to be written again in order.
public struct SortSettings: Hashable, Sendable {
  public var letters: String
  /// Words have one to so many letters.
  public var longest: Int
  /// Half of all words have so many.
  public var usual: Int

  init(_ reader: RecipeReader) throws(RecipeError) {
    letters = try reader.string("letters", default: "ABC")
    longest = try reader.int("longest", default: 8, in: 1...64)
    usual = try reader.int("usual", default: 6, in: 1...64)
    guard (2...26).contains(letters.count), Set(letters).count == letters.count,
      letters.utf8.allSatisfy({ (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) })
    else { throw reader.error("letters", "'\(letters.prefix(40))' is not of 2 to 26 different letters") }
    guard usual <= longest else { throw reader.error("usual", "\(usual) is more than the longest, \(longest)") }
  }
}

/// Any text.
public struct TextSettings: Hashable, Sendable {
  /// A file or a folder; nil where the command names it.
  public var path: String?
  public var tokens: Tokens
  public var order: Order

  /// Where the tokens come from.
  public enum Tokens: Hashable, Sendable {
    /// Every character of the text is one.
    case characters
    /// Byte-level BPE of so many, learnt from the text.
    case learnt(Int)
    /// A tokenizer file or folder.
    case file(String)
    /// The tokenizer of the model that is trained further.
    case model
  }

  /// How a text becomes sequences.
  public enum Order: String, Hashable, Sendable, CaseIterable {
    /// As long as the context, from anywhere in the text.
    case crops
    /// Every document from its start on, in parts as long as the context; each once before any comes again.
    case documents
  }

  init(_ reader: RecipeReader) throws(RecipeError) {
    path = reader.value("path") == nil ? nil : try reader.string("path")
    order = try reader.choice("order", default: .crops)
    if let size = reader.value("vocabulary")?.int {
      guard (257...1 << 20).contains(size) else { throw reader.error("vocabulary", "\(size) is outside 257...1048576") }
      tokens = .learnt(size)
    } else {
      let name = try reader.string("vocabulary", default: "characters")
      switch name {
      case "characters": tokens = .characters
      case "model": tokens = .model
      default: tokens = .file(name)
      }
    }
  }
}

/// Stories of the package's grammar, each told once.
public struct StorySettings: Hashable, Sendable {
  /// Tokens, learnt from the first stories.
  public var vocabulary: Int
  /// Stories that the tokens are learnt from.
  public var learntFrom: Int
  /// Stories that validation keeps apart.
  public var heldOut: Int

  init(_ reader: RecipeReader) throws(RecipeError) {
    vocabulary = try reader.int("vocabulary", default: 2048, in: 257...1 << 16)
    learntFrom = try reader.int("learntFrom", default: 20_000, in: 100...1 << 24)
    heldOut = try reader.int("heldOut", default: 500, in: 1...1 << 20)
  }
}
