import ArgumentParser
import Generation
import Kernels
import TensorCore
import Training

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What every command that loads a model takes.
struct ModelArguments: ParsableArguments {
  @Argument(help: ModelName.help)
  var model: String

  @Option(help: ArgumentHelp("Low-rank changes to run the model with, as PEFT saves them.", valueName: "folder"))
  var adapter: String?

  @Option(name: [.customShort("t"), .long], help: "Threads; 0 for one a processor.")
  var threads = 0

  @Option(name: [.customShort("c"), .long], help: "Positions the context holds (default: the model's, at most 8192).")
  var context: Int?

  @Option(help: "Format of keys and values: f32, f16, q8_0, q4_0.")
  var kv: CacheFormat?

  func validate() throws {
    guard (0...256).contains(threads) else { throw ValidationError("--threads must be 0 to 256, not \(threads)") }
    if let context, !(1...1 << 24).contains(context) {
      throw ValidationError("--context must be 1 to \(1 << 24), not \(context)")
    }
  }

  /// Loads the model; a slow one shows how far it is.
  func load(_ change: (inout ModelOptions) -> Void = { _ in }) throws -> LanguageModel {
    var options = ModelOptions()
    (options.threads, options.context) = (threads, context)
    if let kv { options.cacheFormat = kv.format }
    options.packed = .standard
    change(&options)
    let bar = ProgressBar("loading")
    defer { bar.finish() }
    let path = ModelName.resolved(model)
    let loaded =
      if let adapter {
        try LanguageModel(path: path, adapter: adapter, options: options)
      } else {
        try LanguageModel(path: path, options: options, progress: bar.update)
      }
    if let notice = loaded.packedNotice { Terminal.note("[\(notice)]") }
    return loaded
  }
}

/// Formats a key-value cache can have.
enum CacheFormat: String, ExpressibleByArgument, CaseIterable {
  case f32, f16, q8_0, q4_0

  var format: BlockFormat {
    switch self {
    case .f32: .f32
    case .f16: .f16
    case .q8_0: .q8_0
    case .q4_0: .q4_0
    }
  }
}
