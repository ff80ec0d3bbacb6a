import AllocationCounter
import Foundation
import Generation
import Kernels
import TestSupport
import Testing

/// Decoding takes nothing from the heap: neither the executor's threads nor the sampler, of any family.
@Suite(
  .enabled(if: TestData.isExpected), .enabled(if: allocation_counter_works() != 0, "the heap's functions are not ours"))
struct AllocationTests {
  static let models =
    [
      "llama", "qwen3", "gemma3", "mistral-window", "llama4", "olmoe", "qwen3-moe", "gpt-oss", "deepseek-v3", "mamba2",
      "qwen3-next", "gpt2",
    ].map { "oracles/\($0)" } + ["tiny-q4_0", "tiny-q8_0", "tiny-q4_k_m", "tiny-bf16"].map { "quantised/\($0).gguf" }

  static var samplers: [(name: String, settings: SamplerSettings)] {
    var drawn = SamplerSettings()
    drawn.seed = 7
    var penalised = drawn
    (penalised.repetitionPenalty, penalised.frequencyPenalty, penalised.presencePenalty) = (1.1, 0.2, 0.1)
    (penalised.topK, penalised.typicalP, penalised.logitBias) = (0, 0.9, [3: 0.5, 5: -.infinity])
    return [("greedy", .greedy), ("top-k, top-p, min-p", drawn), ("typical, penalties, bias", penalised)]
  }

  /// An object that no optimiser can do without.
  final class Kept { var value = 0 }

  // In a process of its own, where no other test allocates meanwhile.
  @Test func `allocations are counted on this thread and on others`() async {
    await #expect(processExitsWith: .success) {
      var kept: [Kept] = []
      kept.reserveCapacity(8)
      allocation_counter_start()
      for _ in 0..<5 { kept.append(Kept()) }
      #expect(allocation_counter_stop() == 5)
      allocation_counter_start()
      let array = [UInt8](repeating: 1, count: kept.count * 1000)
      #expect(allocation_counter_stop() == 1 && array.count == 5000)
      nonisolated(unsafe) var fromThread = 0
      let thread = Thread {
        fromThread = Kept().value + 1
      }
      allocation_counter_start()
      thread.start()
      while !thread.isFinished { usleep(1000) }
      #expect(allocation_counter_stop() > 0 && fromThread == 1)
    }
  }

  @Test func `a decoded token allocates nothing`() async {
    await #expect(processExitsWith: .success) {
      for name in AllocationTests.models {
        for arithmetic in [Arithmetic.quantised, .float32] {
          var options = ModelOptions()
          (options.threads, options.context, options.arithmetic) = (2, 128, arithmetic)
          let model = try LanguageModel(path: TestData.url(name).path, options: options)
          for (sampling, settings) in AllocationTests.samplers {
            let session = try model.session()
            try session.append([3, 1, 4, 1, 5])
            var sampler = Sampler(settings: settings)
            sampler.observe(session.tokens)
            for step in 0..<40 {
              if step == 24 { allocation_counter_start() }
              let token = try sampler.sample(session.logits)
              sampler.observe(token)
              try session.append(token)
            }
            let count = allocation_counter_stop()
            #expect(count == 0, "\(name), \(arithmetic), \(sampling): \(count) allocations in 16 tokens")
          }
        }
      }
    }
  }
}
