import AllocationCounter
import GradientFixtures
import Testing
import TrainingEngine

/// What a run asks of the heap.
@Suite(.serialized, .enabled(if: allocation_counter_works() != 0, "the heap's functions are not ours"))
struct EngineAllocationTests {
  @Test(arguments: TorchStep.families) func `a run allocates nothing`(family: String) throws {
    let step = try TorchStep(family)
    let batch = TrainingBatch(sequences: step.sequences, inputs: step.inputs)
    let run = try EngineTorchTests.run(step)
    let parameters = UnsafeMutablePointer<Float>.allocate(capacity: run.layout.count)
    let gradients = UnsafeMutablePointer<Float>.allocate(capacity: run.layout.count)
    defer {
      parameters.deallocate()
      gradients.deallocate()
    }
    parameters.initialize(from: run.parameters, count: run.layout.count)
    gradients.initialize(repeating: 0, count: run.layout.count)
    // Other tests of this process may allocate meanwhile: one quiet run is proof.
    var fewest = Int.max
    for _ in 0..<2000 where fewest > 0 {
      allocation_counter_start()
      _ = try run.engine.run(batch, parameters: parameters, gradients: gradients)
      fewest = min(fewest, allocation_counter_stop())
    }
    #expect(fewest == 0)
  }
}
