import Architectures
import Generation
import GraphIR
import Lens
import Memory
import Synchronization

/// Recordings of a model's latest texts: each has a session of its own, in turns with all others over the same weights.
final class LensStation: Sendable {
  /// Texts that are recorded at once; an older one is read again when somebody looks at it.
  static let limit = 3

  /// What reads one model, edited or not.
  final class Instruments: Sendable {
    let model: LanguageModel
    let lens: LogitLens
    /// Nil for the model as it is.
    let reader: TextReader?
    let edits: EditSet?
    private let opened = Mutex<Attribution?>(nil)
    private let table = Mutex<Meaning?>(nil)

    init(_ model: LanguageModel, for reader: TextReader? = nil, edits: EditSet? = nil) throws {
      (self.model, self.reader, self.edits) = (model, reader, edits)
      lens = try LogitLens(model)
    }

    /// The model's embedding, from its file.
    func meaning() throws -> Meaning {
      try table.withLock { table in
        if let table { return table }
        let new = try Meaning(model)
        table = new
        return new
      }
    }

    /// Opens the model's file once somebody asks for contributions.
    func attribution() throws -> Attribution {
      try opened.withLock { opened in
        if let opened { return opened }
        let new = try Attribution(model, lens: lens)
        opened = new
        return new
      }
    }
  }

  /// A recorded text.
  private struct Place {
    var text: String
    let recording: Recording
    let instruments: Instruments
    /// Whether a thread works on its session.
    var isTaken = true
    var lastUse = 0
  }

  private struct Content {
    var places: [ObjectIdentifier: Place] = [:]
    /// Of readers, the latest last.
    var built: [Instruments] = []
    var uses = 0
  }

  private let model: LanguageModel
  private let content = Mutex(Content())
  private let plain = Mutex<Instruments?>(nil)

  init(_ model: LanguageModel) { self.model = model }

  /// The instruments of the model as it is.
  func instruments() throws -> Instruments {
    try plain.withLock { plain in
      if let plain { return plain }
      let new = try Instruments(Recording.recordable(model))
      plain = new
      return new
    }
  }

  /// The instruments of a reader, which are made again where many others were asked for since; those of the model as
  /// it is without one. Blocks while another model is loaded.
  func instruments(of reader: TextReader?) throws -> Instruments {
    guard let reader else { return try instruments() }
    func known(_ content: Content) -> Instruments? {
      (content.places.values.map(\.instruments) + content.built).first { $0.reader === reader }
    }
    if let known = content.withLock({ known($0) }) { return known }
    let new = try build(reader)
    return content.withLock { content in
      if let known = known(content) { return known }
      content.built = content.built.suffix(Self.limit) + [new]
      return new
    }
  }

  private func build(_ reader: TextReader) throws -> Instruments {
    switch reader.source {
    case .edits(let edits):
      let set = try EditSet(edits, of: model.graph)
      return try Instruments(set.model(beside: model), for: reader, edits: set)
    case .model(let entry, let length):
      return try Instruments(Recording.recordable(other(entry, length: length)), for: reader)
    }
  }

  private func other(_ entry: ModelFolder.Entry, length: Int) throws -> LanguageModel {
    var options = model.options
    (options.sequences, options.context, options.packed) = (1, length + 256, .standard)
    let other = try LanguageModel(path: entry.path, options: options)
    guard other.config.vocabularySize == model.config.vocabularySize else {
      throw RequestError(
        422, "\(entry.name) has \(other.config.vocabularySize) tokens, the loaded model \(model.config.vocabularySize)",
        at: "model")
    }
    return other
  }

  /// The loaded model and the edits with which it reads a text, if any. Throws 409 for a text that another model reads.
  /// Blocks.
  func edited(_ text: TextSession) throws -> (model: LanguageModel, edits: EditSet?) {
    switch text.reader?.source {
    case nil: return (model, nil)
    case .edits:
      let instruments = try instruments(of: text.reader)
      return (instruments.model, instruments.edits)
    case .model(let entry, _):
      throw RequestError(409, "this text is read by \(entry.name); load that to look inside", at: "session")
    }
  }

  /// A short text as the model as it is reads it, beside all recordings. Blocks.
  func recording(ofPrompt tokens: [Int32]) throws -> Recording {
    let session = try instruments().model.session()
    let recording = try Recording(session, budget: Self.budget / 4)
    try session.append(tokens)
    return recording
  }

  /// Bytes that one recording may keep: a share of the memory that is left.
  private static var budget: Int {
    let available = Machine().availableBytes
    return available > 0 ? min(Recording.standardBudget, available / 8) : Recording.standardBudget
  }

  /// Goes on with a text on a recorded session; nil where none is free, or where the model cannot be recorded.
  func stream(_ text: TextSession, options: GenerationOptions) throws -> GenerationStream? {
    let recording: Recording
    if text.reader != nil {
      recording = try claim(text, instruments(of: text.reader))
    } else {
      guard let instruments = try? instruments(), let free = try? claim(text, instruments) else { return nil }
      recording = free
    }
    do {
      return try recording.session.stream(text.tokens, options: options) { [self] in release(recording) }
    } catch {
      release(recording)
      throw error
    }
  }

  /// Goes on from some tokens as a text is read, without recording; nil where the model as it is reads it. Blocks.
  func stream(_ tokens: [Int32], as text: TextSession, options: GenerationOptions) throws -> GenerationStream? {
    if text.reader == nil { return nil }
    let instruments = try instruments(of: text.reader)
    let session = try instruments.model.session()
    session.inputs = instruments.edits
    return try session.stream(tokens, options: options)
  }

  /// The recording of a text and what reads it; the text is read first where it is not recorded. Blocks.
  func recording(of text: TextSession) throws -> (recording: Recording, instruments: Instruments) {
    let known = content.withLock { content -> Place? in
      guard var place = content.places.values.first(where: { $0.text == text.id }) else { return nil }
      content.uses += 1
      place.lastUse = content.uses
      content.places[ObjectIdentifier(place.recording)] = place
      return place
    }
    if let known {
      let held = known.recording.tokens
      // One that is at work has a beginning of the text, or still another text.
      let shared = zip(held, text.tokens).prefix { $0 == $1 }.count
      if known.isTaken ? shared == min(held.count, text.tokens.count) : held == text.tokens {
        return (known.recording, known.instruments)
      }
    }
    let instruments = try instruments(of: text.reader)
    let recording = try claim(text, instruments)
    defer { release(recording) }
    try recording.session.replace(with: text.tokens)
    return (recording, instruments)
  }

  /// A recording that nobody else works on: the text's own, a new one, or the one that was used longest ago.
  private func claim(_ text: TextSession, _ instruments: Instruments) throws -> Recording {
    let found = try content.withLock { content throws(RequestError) -> Recording? in
      content.uses += 1
      let fitting = content.places.values.filter { $0.instruments === instruments }
      let own = fitting.first { $0.text == text.id }
      if let own, own.isTaken { throw RequestError(409, "this text is being written", at: "session") }
      var chosen = own
      if chosen == nil, content.places.count >= Self.limit {
        let free = content.places.values.filter { !$0.isTaken }.sorted { $0.lastUse < $1.lastUse }
        guard let oldest = free.first else { throw RequestError(503, "all recordings are in use; try again later") }
        // Only the oldest makes room: whoever asks for two texts at once must not get one place for both.
        if oldest.instruments === instruments {
          chosen = oldest
        } else {
          content.places[ObjectIdentifier(oldest.recording)] = nil
        }
      }
      guard var place = chosen else { return nil }
      (place.text, place.isTaken, place.lastUse) = (text.id, true, content.uses)
      content.places[ObjectIdentifier(place.recording)] = place
      return place.recording
    }
    if let found { return found }
    let session = try instruments.model.session()
    session.inputs = instruments.edits
    let recording = try Recording(session, budget: Self.budget)
    content.withLock { content in
      content.places[ObjectIdentifier(recording)] = Place(
        text: text.id, recording: recording, instruments: instruments, lastUse: content.uses)
    }
    return recording
  }

  /// Whether a recording is still of this text.
  func holds(_ recording: Recording, _ text: String) -> Bool {
    content.withLock { $0.places[ObjectIdentifier(recording)]?.text == text }
  }

  private func release(_ recording: Recording) {
    content.withLock { $0.places[ObjectIdentifier(recording)]?.isTaken = false }
  }
}
