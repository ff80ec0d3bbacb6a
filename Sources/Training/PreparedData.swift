package import Architectures
import Foundation
import Generation
public import JSON
import TensorCore
public import Tokenizers

/// What a recipe learns from, ready: sequences of tokens, and the tokenizer that gives them a text.
public struct PreparedData: Sendable {
  public let data: any TrainingData
  public let tokenizer: Tokenizer
  /// `tokenizer.json` and `tokenizer_config.json`; nil where the model's own tokenizer stays.
  public let files: (tokenizer: JSON, config: JSON?)?
  public let notices: [String]

  /// The data of a recipe for a new model; throws `DataError`, `FileError`, `TokenizerError` or `RecipeError`.
  public init(_ recipe: Recipe) throws { try self.init(recipe, base: nil, kept: nil, progress: { _ in }) }

  /// Reads or makes the data of a recipe.
  ///
  /// `kept` is the tokenizer of a run that goes on, which then is not learnt again; `base` the model that is trained
  /// further. Throws `DataError`, `FileError`, `TokenizerError` or `RecipeError`.
  package init(
    _ recipe: Recipe, base: ModelFile?, kept: TrainedTokenizer? = nil, progress: (Double) -> Void = { _ in }
  ) throws {
    var notices: [String] = []
    let texts = try base.map { try ModelTexts(of: $0) }
    func ownTokenizer() throws -> Tokenizer {
      guard let tokenizer = texts?.tokenizer else {
        throw RecipeError(file: recipe.file, key: "data", reason: "needs a model with a tokenizer")
      }
      return tokenizer
    }
    let context = try recipe.context(base)
    switch recipe.data {
    case .sort(let settings):
      let data = SortData(settings)
      guard data.longestRows <= context else {
        throw RecipeError(
          file: recipe.file, key: "data.longest",
          reason: "words of \(settings.longest) letters need a context of \(data.longestRows), not \(context)")
      }
      try self.init(data, data.tokenizer(), notices)
    case .stories(let settings):
      let data = try StoryData(settings, context: context, kept: kept, progress: progress)
      self.init(data, data.tokenizer, notices)
    case .text(let settings):
      guard let path = settings.path else {
        throw RecipeError(
          file: recipe.file, key: "data.path", reason: "names no text (on the command line: --text FILE)")
      }
      if settings.tokens != .model, base?.gguf != nil {
        throw RecipeError(
          file: recipe.file, key: "data.vocabulary", reason: "must be \"model\": a GGUF file keeps its own tokenizer")
      }
      let documents = try TextDocuments(path: path)
      if !documents.leftOut.isEmpty {
        notices.append("\(documents.leftOut.count) files are no UTF-8 text and left out, as \(documents.leftOut[0])")
      }
      let trained = try kept ?? documents.tokenizer(settings.tokens, progress: progress)
      let tokenizer = try trained?.tokenizer ?? ownTokenizer()
      if let made = trained?.tokenizer.vocabulary.count, let size = base?.architecture.config.vocabularySize,
        made > size
      {
        throw RecipeError(
          file: recipe.file, key: "data.vocabulary", reason: "makes \(made) tokens; the model has \(size)")
      }
      let data = try documents.data(
        tokenizer, order: settings.order, context: context,
        vocabularySize: trained == nil ? base?.architecture.config.vocabularySize ?? 0 : tokenizer.vocabulary.count)
      self.init(data, tokenizer, trained.map { ($0.json, $0.config) }, notices)
    case .chat(let path):
      guard let path else {
        throw RecipeError(
          file: recipe.file, key: "data.path", reason: "names no file (on the command line: --data FILE)")
      }
      let tokenizer = try ownTokenizer()
      let data = try ChatData(
        path: path, tokenizer: tokenizer, template: texts?.template, context: context,
        vocabularySize: base?.architecture.config.vocabularySize ?? 0)
      self.init(data.list, tokenizer, nil, data.notices)
    }
  }

  private init(_ data: any TrainingData, _ trained: TrainedTokenizer, _ notices: [String]) {
    self.init(data, trained.tokenizer, (trained.json, trained.config), notices)
  }

  private init(
    _ data: any TrainingData, _ tokenizer: Tokenizer, _ files: (tokenizer: JSON, config: JSON?)?, _ notices: [String]
  ) {
    (self.data, self.tokenizer, self.files, self.notices) = (data, tokenizer, files, notices)
  }

  /// Tells these data from others: a hash of samples of them.
  var fingerprint: String {
    var digest = Digest()
    let learnt = (try? data.sequences(step: 0, seed: 0, count: 64)) ?? []
    for sequence in learnt + data.heldOut.prefix(256) {
      sequence.tokens.withUnsafeBytes { digest.combine($0) }
    }
    digest.combine(data.heldOut.count)
    return "\(digest)"
  }
}

extension Recipe {
  /// Rows of the longest sequence.
  func context(_ base: ModelFile?) throws(RecipeError) -> Int {
    switch model {
    case .new(let sizes): return sizes.context
    case .existing(_, let wanted, _):
      let most = base?.architecture.config.contextLength ?? 1024
      if let wanted, wanted > most {
        throw RecipeError(file: file, key: "model.context", reason: "\(wanted) is more than the model's \(most)")
      }
      return wanted ?? min(most, 1024)
    }
  }
}
