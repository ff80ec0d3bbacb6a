import Foundation
import TensorCore
import Tokenizers

/// The texts of a file or of a folder's files, each cut in what is learnt and the last tenth, which is held out.
struct TextDocuments {
  let path: String
  /// `learnt` and `heldOut` end and begin at a character.
  private(set) var documents: [(learnt: String, heldOut: String)] = []
  /// Files of a folder that are no text.
  private(set) var leftOut: [String] = []

  /// The most bytes that are read.
  static let limit = 1 << 30

  /// Reads a file, or all files of a folder in the order of their paths; hidden ones are passed over.
  ///
  /// Throws `FileError` or `DataError` for a file that cannot be read, is empty or no UTF-8. In a folder what is no text
  /// is left out.
  init(path: String) throws {
    self.path = path
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw DataError(path: path, reason: "there is no such file or folder")
    }
    var total = 0
    func add(_ file: String) throws {
      let text = try MappedFile.text(path: file)
      total += text.utf8.count
      guard total <= Self.limit else {
        throw DataError(path: path, reason: "is more than \(Self.limit >> 20) MiB of text")
      }
      if !text.isEmpty { documents.append(Self.divided(text)) }
    }
    if isFolder.boolValue {
      let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
      for name in names.sorted() where !name.split(separator: "/").contains(where: { $0.hasPrefix(".") }) {
        let file = path + "/" + name
        var isInner: ObjCBool = false
        guard FileManager.default.fileExists(atPath: file, isDirectory: &isInner), !isInner.boolValue else { continue }
        do { try add(file) } catch let error as FileError {
          guard error.reason == "is not UTF-8" else { throw error }
          leftOut.append(file)
        }
      }
    } else {
      try add(path)
    }
    guard !documents.isEmpty else { throw DataError(path: path, reason: "holds no text") }
  }

  private static func divided(_ text: String) -> (String, String) {
    let scalars = text.unicodeScalars
    let place = scalars.index(scalars.startIndex, offsetBy: scalars.count * 9 / 10)
    return (String(scalars[..<place]), String(scalars[place...]))
  }

  var characters: Set<Unicode.Scalar> {
    documents.reduce(into: []) { all, document in
      all.formUnion(document.learnt.unicodeScalars)
      all.formUnion(document.heldOut.unicodeScalars)
    }
  }
}

extension TextDocuments {
  /// The tokenizer that the settings want: learnt here, or read from a file; nil for the model's own.
  func tokenizer(_ tokens: TextSettings.Tokens, progress: (Double) -> Void = { _ in }) throws -> TrainedTokenizer? {
    switch tokens {
    case .characters: return try TrainedTokenizer(characters: characters).framed(begin: nil, end: nil, adds: [])
    case .learnt(let size):
      var trainer = try BytePairTrainer(BytePairTrainer.Settings(vocabularySize: size, specialTokens: [Self.mark]))
      for document in documents { try trainer.add(document.learnt) }
      let trained = try trainer.train { progress(Double($0) / Double(size)) }
      return try trained.framed(begin: Self.mark, end: Self.mark, adds: [])
    case .file(let path): return try TrainedTokenizer(path: path)
    case .model: return nil
    }
  }

  static let mark = "<|endoftext|>"

  /// These texts in tokens, as sequences of at most `context` rows.
  func data(_ tokenizer: Tokenizer, order: TextSettings.Order, context: Int, vocabularySize: Int) throws
    -> any TrainingData
  {
    let end = tokenizer.special.eos
    func ids(_ text: String) throws -> [Int32] { try tokenizer.encode(text, addSpecial: false) }
    switch order {
    case .crops:
      var (learnt, apart): ([Int32], [Int32]) = ([], [])
      for document in documents {
        learnt += try ids(document.learnt)
        apart += try ids(document.heldOut)
        if let end, documents.count > 1 {
          learnt.append(end)
          apart.append(end)
        }
      }
      return try TokenCrops(learnt, heldOut: apart, context: context, vocabularySize: vocabularySize, path: path)
    case .documents:
      let begin = tokenizer.special.bos.map { [$0] } ?? []
      let parts = try documents.map { document in
        (
          learnt: (begin + (try ids(document.learnt))).parts(context: context),
          heldOut: ((try ids(document.heldOut)) + (end.map { [$0] } ?? [])).parts(context: context)
        )
      }
      return try SequenceList(
        parts.flatMap(\.learnt), heldOut: parts.flatMap(\.heldOut), vocabularySize: vocabularySize,
        what: "parts of documents", path: path)
    }
  }
}
