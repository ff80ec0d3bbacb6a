// Page 4 of 7, many heads: several questions at once, and a table that puts the answers where they belong.
// swift run -c release 04-ManyHeads

import Foundation
import GraphIR
import Runtime

let words = ["Lily", "saw", "a", "red", "ball"]
/// What each word is: [a thing, a deed, red], then three numbers to be found out: [is red, was seen, has a doer].
let stream: [[Float]] = [
  [1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0],
]
let heads = 2
let headWidth = 2

// MARK: The weights of both heads, one below the other

/// Head 1: a thing asks for red, a deed asks for a thing. Head 2: a thing asks for a deed.
let queryWeights: [[Float]] = [[4, 0, 0, 0, 0, 0], [0, 4, 0, 0, 0, 0], [4, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]]
/// Head 1: found by being red, by being a thing. Head 2: by being a deed.
let keyWeights: [[Float]] = [[0, 0, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]]
let valueWeights = keyWeights
/// Where answers go: is red ← head 1's first number, was seen ← head 2's first, has a doer ← head 1's second.
let outputWeights: [[Float]] = [
  [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0],
]

// MARK: The heads

func dot(_ a: some Sequence<Float>, _ b: some Sequence<Float>) -> Float { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
func linear(_ x: [Float], _ weights: [[Float]]) -> [Float] { weights.map { dot($0, x) } }

func softmax(_ scores: [Float]) -> [Float] {
  let largest = scores.max() ?? 0
  let counts = scores.map { exp($0 - largest) }
  let total = counts.reduce(0, +)
  return counts.map { $0 / total }
}

/// Each head works on its own part of queries, keys and values; the mixes lie side by side, as the parts do.
func attention(_ stream: [[Float]]) -> (patterns: [[[Float]]], mixed: [[Float]]) {
  let queries = stream.map { linear($0, queryWeights) }
  let keys = stream.map { linear($0, keyWeights) }
  let values = stream.map { linear($0, valueWeights) }
  let scale = 1 / Float(headWidth).squareRoot()
  var patterns: [[[Float]]] = []
  var mixed = [[Float]](repeating: [], count: stream.count)
  for head in 0..<heads {
    let part = head * headWidth..<(head + 1) * headWidth
    var pattern: [[Float]] = []
    for t in stream.indices {
      // Words up to this one: the mask of page 3.
      let shares = softmax((0...t).map { s in scale * dot(queries[t][part], keys[s][part]) })
      mixed[t] += part.map { i in dot(shares, values.map { $0[i] }) }
      pattern.append(shares)
    }
    patterns.append(pattern)
  }
  return (patterns, mixed)
}

// MARK: The engine

func engine() throws -> (pattern: [Float], output: [Float]) {
  let g = GraphBuilder()
  let x = g.input("tokens", [.tokens], .int32).gather(from: g.weight("words", [words.count, 6]))
  func split(_ name: String) -> Value { x.linear(name, heads * headWidth).reshape(heads, headWidth) }
  let z = split("q").attend(
    split("k").append(to: "keys"), split("v").append(to: "values"), scale: 1 / Float(headWidth).squareRoot())
  let graph = try g.finish(x + z.reshape(heads * headWidth).linear("output", 6))
  let weights = [
    "words": stream, "q.weight": queryWeights, "k.weight": keyWeights, "v.weight": valueWeights,
    "output.weight": outputWeights,
  ]
  let session = try GraphSession(
    graph, weights: { (weights[$0] ?? []).flatMap { $0 } }, context: words.count, keeping: ["pattern"])
  let output = try session.step(words.indices.map { Int32($0) })
  return (session.value("pattern")?.values ?? [], output.values)
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

func line(_ title: String, _ numbers: [Float]) -> String {
  "  " + title.padding(toLength: 6, withPad: " ", startingAt: 0)
    + numbers.map { String(format: "%6.2f", Double($0)) }.joined()
}

let (patterns, mixed) = attention(stream)
for (head, title) in ["Head 1, things ask for red and deeds for things", "Head 2, things ask for deeds"].enumerated() {
  print("\(title):\n          Lily   saw     a   red  ball")
  for (word, shares) in zip(words, patterns[head]) { print(line(word, shares)) }
  print()
}
/// The answers are added to what the word was.
let output = zip(stream, mixed).map { x, mix in zip(x, linear(mix, outputWeights)).map { $0 + $1 } }
print("What each word is now:\n         thing  deed   red |  is red, seen, done by")
for (word, x) in zip(words, output) { print(line(word, Array(x[..<3])) + " |" + line("", Array(x[3...])).dropFirst(7)) }
print()
let found = try engine()
// The engine keeps the heads' shares beside one another for each word, 0 for words to come.
let shares = words.indices.flatMap { t in
  patterns.flatMap { $0[t] + [Float](repeating: 0, count: words.count - t - 1) }
}
check("shares", shares, found.pattern)
check("words", output.flatMap { $0 }, found.output)
