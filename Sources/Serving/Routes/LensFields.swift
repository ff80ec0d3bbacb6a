import JSON
import Lens

/// Fields that the lens's routes share, and how they are read.
enum LensFields {
  static let session = Route.Field("session", .string, required: true, "The text.")
  static let layer = Route.Field("layer", .integer, required: true, "A layer, from 0.")
  static let head = Route.Field("head", .integer, required: true, "One of the layer's heads, from 0.")
  static let at = Route.Field("at", .integer, "How many positions the asker knows of: another number, another address.")
  /// What a route answers while tokens come first.
  static let waiting: JSON = ["waiting": true]

  /// The text that a request names, its recording and what reads it. Blocks while the text is read.
  ///
  /// Where another text takes the recording meanwhile, the request's work ends with an error.
  static func recording(
    _ context: RouteContext, _ name: String = "session"
  ) throws -> (recording: Recording, instruments: LensStation.Instruments, loaded: LoadedModel) {
    let loaded = try context.app.current()
    let text = try context.app.sessions.session(context.required(name), at: name)
    guard text.model == loaded.id else {
      throw RequestError(409, "this text is of \(text.model), which is not loaded", at: name)
    }
    let (recording, instruments) = try loaded.station.recording(of: text)
    let version = recording.version
    context.conditions.add {
      guard recording.version == version, loaded.station.holds(recording, text.id) else {
        throw RequestError(503, "others look into too many texts; ask again", at: name)
      }
    }
    return (recording, instruments, loaded)
  }

  /// The layer and the head of it that a request names.
  static func head(_ context: RouteContext, of recording: Recording) throws -> (layer: Int, head: Int) {
    let layer = try context.int("layer", in: 0...recording.map.layers.count - 1)
    return (layer, try context.int("head", in: 0...recording.site(layer).heads - 1))
  }

  /// `first-end`, the end not among them, within `limit` and with at most `most` of them.
  static func range(
    _ context: RouteContext, _ name: String, in limit: Int, atMost most: Int = .max, default standard: Range<Int>? = nil
  ) throws -> Range<Int> {
    guard let text = try context.string(name) else {
      guard let standard else { throw RequestError.wrong(name, "is missing") }
      return standard
    }
    let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let first = parts[0], let end = parts[1], first < end else {
      throw RequestError.wrong(name, "must be two numbers like 0-16, the second one past the last")
    }
    guard first >= 0, end <= limit else { throw RequestError.wrong(name, "must lie within 0-\(limit), not \(text)") }
    guard end - first <= most else {
      throw RequestError.wrong(name, "asks for \(end - first); at most \(most) at once")
    }
    return first..<end
  }
}
