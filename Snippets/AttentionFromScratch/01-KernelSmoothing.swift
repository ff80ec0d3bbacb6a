// Page 1 of 7, kernel smoothing: to guess a number, average the known ones, the nearest most.
// swift run -c release 01-KernelSmoothing

import Foundation
import GraphIR
import Runtime

// Forty eruptions of the geyser Old Faithful, as they were watched (A. Azzalini, A. W. Bowman, 1990): how long each
// lasted, and how long one then waited for the next, in minutes.
let durations: [Float] = [
  3.600, 1.800, 3.333, 2.283, 4.533, 2.883, 4.700, 3.600, 1.950, 4.350, 1.833, 3.917, 4.200, 1.750, 4.700, 2.167, 1.750,
  4.800, 1.600, 4.250, 1.800, 1.750, 3.450, 3.067, 4.533, 3.600, 1.967, 4.083, 3.850, 4.433, 4.300, 4.467, 3.367, 4.033,
  3.833, 2.017, 1.867, 4.833, 1.833, 4.783,
]
let waits: [Float] = [
  79, 54, 74, 62, 85, 55, 88, 85, 51, 85, 54, 84, 78, 47, 83, 52, 62, 84, 52, 79, 51, 47, 78, 69, 74, 83, 55, 76, 78,
  79, 73, 77, 66, 80, 74, 52, 48, 80, 59, 90,
]
/// How far, in minutes, an eruption may differ and still count for much.
let reach: Float = 0.3

// MARK: The smoother

/// How much an eruption counts that lasted `distance` minutes longer or shorter: 1 at no distance, then ever less.
func closeness(_ distance: Float) -> Float { exp(-distance * distance / (2 * reach * reach)) }

/// What share of the answer each known eruption gives; the shares sum to 1.
func shares(near duration: Float) -> [Float] {
  let counts = durations.map { closeness(duration - $0) }
  let total = counts.reduce(0, +)
  return counts.map { $0 / total }
}

/// The mean of the values, each counted by its share.
func mix(_ values: [Float], by shares: [Float]) -> Float {
  var sum: Float = 0
  for (value, share) in zip(values, shares) { sum += share * value }
  return sum
}

// MARK: The same as attention

/// Turns scores of any size into shares: `e` to the power of each, divided by the sum.
func softmax(_ scores: [Float]) -> [Float] {
  let largest = scores.max() ?? 0
  let counts = scores.map { exp($0 - largest) }
  let total = counts.reduce(0, +)
  return counts.map { $0 / total }
}

/// What is asked: two numbers.
func query(_ duration: Float) -> [Float] { [duration, 1] }

/// What an eruption is found by: two numbers, so that query · key is largest where both durations are equal.
func key(_ duration: Float) -> [Float] { [duration, -duration * duration / 2] }

/// How well a query fits a key: the products of their numbers, summed.
func dot(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

func attention(_ duration: Float) -> Float {
  let scores = durations.map { dot(query(duration), key($0)) / (reach * reach) }
  return mix(waits, by: softmax(scores))
}

// MARK: The engine

/// The engine reads the eruptions one after the other, each asking the same; the last has seen all.
func engine(_ duration: Float) throws -> Float {
  let count = durations.count
  let g = GraphBuilder()
  let eruption = g.input("tokens", [.tokens], .int32)
  func table(_ name: String, _ width: Int) -> Value {
    eruption.gather(from: g.weight(name, [count, width])).reshape(1, width)
  }
  let (keys, values) = (table("keys", 2).append(to: "keys"), table("waits", 1).append(to: "values"))
  let mixed = table("queries", 2).attend(keys, values, scale: 1 / (reach * reach))
  let numbers = [
    "queries": durations.flatMap { _ in query(duration) }, "keys": durations.flatMap { key($0) }, "waits": waits,
  ]
  let session = try GraphSession(g.finish(mixed), weights: { numbers[$0] ?? [] }, context: count)
  return try session.step(durations.indices.map { Int32($0) }).values[count - 1]
}

/// Ends the page with an error where the engine has other numbers.
func check(_ what: String, _ ours: [Float], _ engine: [Float]) {
  let bound = 1e-5 * (engine.map(abs).max() ?? 0)
  guard ours.count == engine.count, zip(ours, engine).allSatisfy({ abs($0 - $1) <= bound }) else {
    print("The \(what) differ.\nhere   \(ours)\nengine \(engine)")
    exit(1)
  }
  print("The engine has the same \(what).")
}

print("An eruption lasts 3.0 minutes. What its neighbours tell:")
print("  lasted   wait  closeness  share")
for (i, share) in shares(near: 3).enumerated() where share > 0.05 {
  let numbers = [durations[i], waits[i], closeness(3 - durations[i]), share].map { Double($0) }
  print(String(format: "  %6.3f  %5.0f  %9.3f  %5.3f", numbers[0], numbers[1], numbers[2], numbers[3]))
}
let asked: [Float] = [1.8, 2.4, 3.0, 3.6, 4.2, 4.8]
let smoothed = asked.map { mix(waits, by: shares(near: $0)) }
let attended = asked.map { attention($0) }
let engines = try asked.map { try engine($0) }
print("\n  lasted  smoothing  attention  engine")
for (i, duration) in asked.enumerated() {
  let numbers = [duration, smoothed[i], attended[i], engines[i]].map { Double($0) }
  print(String(format: "  %6.1f  %9.2f  %9.2f  %6.2f", numbers[0], numbers[1], numbers[2], numbers[3]))
}
print()
check("waits, by smoothing", smoothed, engines)
check("waits, by attention", attended, engines)
