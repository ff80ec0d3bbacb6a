import Architectures
import Foundation
import Generation
import Synchronization
import Templates
import Tokenizers

/// The tokenizers that were asked for last, with their chat templates.
final class TokenizerShelf: Sendable {
  struct Texts: Sendable {
    let tokenizer: Tokenizer
    let template: ChatTemplate?
  }

  private static let limit = 4
  private let kept = Mutex<[(path: String, texts: Texts)]>([])

  /// Reads what is at this path, if it is not at hand; blocks. Throws what reading throws.
  func texts(path: String, name: String) throws -> Texts {
    if let texts = kept.withLock({ $0.first { $0.path == path }?.texts }) { return texts }
    let texts = try Self.read(path, name)
    kept.withLock { kept in
      kept.append((path, texts))
      if kept.count > Self.limit { kept.removeFirst() }
    }
    return texts
  }

  private static func read(_ path: String, _ name: String) throws -> Texts {
    // A model's own files know where generation ends and how conversations are written.
    if let file = try? ModelFile(path: path), let texts = try? ModelTexts(of: file), let tokenizer = texts.tokenizer {
      return Texts(tokenizer: tokenizer, template: texts.template)
    }
    guard let tokenizer = try ModelTexts.tokenizer(path: path) else {
      throw RequestError(404, "\(name) has no tokenizer", at: "tokenizer")
    }
    return Texts(tokenizer: tokenizer, template: nil)
  }
}
