import Foundation
import JSON

extension Recipe {
  /// A recipe that trains a model further on a text, or on conversations where `data` is a file of JSON lines.
  ///
  /// With `rank`, only low-rank changes of that rank are learnt, at a higher rate.
  public static func fineTuning(model: String, data: String, rank: Int?) throws(RecipeError) -> Recipe {
    let stem = ((model as NSString).lastPathComponent as NSString).deletingPathExtension
    let name = stem.map { $0.isASCII && ($0.isLetter || $0.isNumber) || "-_".contains($0) ? $0 : "-" }
    var source: [JSON.Member] = [.init("path", .string(model))]
    if let rank { source.append(.init("lora", ["rank": .integer(rank)])) }
    let isChat = data.hasSuffix(".jsonl")
    let texts: JSON =
      isChat
      ? ["kind": "chat", "path": .string(data)]
      : ["kind": "text", "path": .string(data), "vocabulary": "model", "order": "documents"]
    let optimizer: JSON = [
      "kind": "adamw", "beta1": 0.9, "beta2": 0.999, "weightDecay": 0.01, "decays": "maps", "clip": 1,
    ]
    let json: JSON = [
      "name": .string(String(name.prefix(48)) + "-tuned"),
      "about": .string("\(stem) trained further on \((data as NSString).lastPathComponent)."),
      "model": .object(source), "data": texts, "batch": 4, "steps": 200, "optimizer": optimizer,
      "rate": ["form": "cosine", "peak": .number(rank == nil ? 5e-5 : 5e-4), "final": 1e-6, "warmup": 10],
    ]
    return try Recipe(json: json, file: "fine-tuning")
  }

  /// The same recipe with the paths of its files made absolute, so that it means the same from any folder.
  public func withAbsolutePaths() throws(RecipeError) -> Recipe {
    func absolute(_ path: String) -> JSON { .string(URL(filePath: path).standardizedFileURL.path) }
    var recipe = self
    if case .existing(let path, _, _) = model { recipe = try recipe.replacing("model", "path", by: absolute(path)) }
    switch data {
    case .text(let settings):
      if let path = settings.path { recipe = try recipe.replacing("data", "path", by: absolute(path)) }
      if case .file(let path) = settings.tokens {
        recipe = try recipe.replacing("data", "vocabulary", by: absolute(path))
      }
    case .chat(let path?): recipe = try recipe.replacing("data", "path", by: absolute(path))
    case .sort, .stories, .chat: break
    }
    return recipe
  }
}
