import Lens
import Reference
import TestSupport
import Testing

/// Attention as a weighted mean, against plain double precision.
@Suite(.enabled(if: TestData.isExpected)) struct KernelSmoothingTests {
  @Test(arguments: Models.families) func `the mean of the values is the head's output`(family: String) throws {
    let path = Models.oracle(family)
    let tokens = try Models.tokens(family)
    let recording = try Models.recording(Models.exact(path), tokens)
    let expected = try Models.reference(path, tokens)
    for layer in recording.map.layers {
      let site = try recording.site(layer.index)
      let reference = try #require(expected[site.mixed])
      for head in 0..<site.heads {
        for position in [0, tokens.count / 2, tokens.count - 1] {
          let found = try #require(try recording.smoothing(layer: layer.index, head: head, position: position))
          let start = (position * site.heads + head) * found.width
          let theirs = Array(reference.values[start..<start + found.width])
          #expect(
            Models.worst(found.average.map { Float($0) }, theirs) <= 1e-4, "\(layer.index).\(head) at \(position)")
          #expect(Models.worst(found.output, theirs) <= 1e-4)
          #expect(found.positions == Array(0...position) && abs(found.covered + Double(found.sink) - 1) <= 1e-6)
          // The kernel is what the weights are in proportion to.
          let largest = Double(try #require(found.weights.max()))
          #expect(found.kernel.max() == 1)
          for (kernel, weight) in zip(found.kernel, found.weights) {
            #expect(abs(kernel - Double(weight) / largest) <= 1e-4)
          }
        }
      }
    }
  }

  @Test func `of a long text the heaviest values are read`() throws {
    let tokens = try Models.tokens("llama")
    let recording = try Models.recording(Models.exact(Models.oracle("llama")), tokens)
    let all = try #require(try recording.smoothing(layer: 1, head: 0, position: tokens.count - 1))
    let some = try #require(try recording.smoothing(layer: 1, head: 0, position: tokens.count - 1, most: 3))
    let heaviest = all.positions.sorted { all.weights[$0] > all.weights[$1] }.prefix(3).sorted()
    #expect(some.positions == heaviest && some.covered < all.covered)
    for (place, position) in some.positions.enumerated() {
      #expect(
        some.values[place * some.width..<(place + 1) * some.width]
          == all.values[position * all.width..<(position + 1) * all.width])
    }
    #expect(throws: LensError.self) { try recording.smoothing(layer: 9, head: 0, position: 0) }
    #expect(throws: LensError.self) { try recording.smoothing(layer: 0, head: 99, position: 0) }
    #expect(throws: LensError.self) { try recording.smoothing(layer: 0, head: 0, position: tokens.count) }
  }
}
