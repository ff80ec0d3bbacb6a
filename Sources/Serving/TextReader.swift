import Generation
import Lens

/// What reads a text instead of the loaded model as it is; texts that leave it share it.
final class TextReader: Sendable {
  enum Source: Sendable {
    case edits([Edit])
    /// Another model of the list, for texts of up to so many tokens.
    case model(ModelFolder.Entry, length: Int)
  }

  let source: Source

  init(_ source: Source) { self.source = source }
}
