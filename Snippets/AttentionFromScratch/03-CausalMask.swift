// Page 3 of 7, the causal mask: a word sees only itself and what came before it.
// swift run -c release 03-CausalMask

import Foundation
import GraphIR
import Runtime

// The words and the head of page 2; `drum` stands ready to take the place of `ball`.
let words = ["Lily", "saw", "a", "red", "ball", "drum"]
/// What each word is: [a thing, a deed, red].
let table: [[Float]] = [[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 0, 1]]
let queryWeights: [[Float]] = [[4, 0, 0], [0, 4, 0]]
let keyWeights: [[Float]] = [[0, 0, 1], [1, 0, 0]]
let valueWeights: [[Float]] = [[0, 0, 1], [1, 0, 0]]
let scale = 1 / Float(keyWeights.count).squareRoot()

func dot(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
func linear(_ x: [Float], _ weights: [[Float]]) -> [Float] { weights.map { dot($0, x) } }

func softmax(_ scores: [Float]) -> [Float] {
  let largest = scores.max() ?? 0
  let counts = scores.map { exp($0 - largest) }
  let total = counts.reduce(0, +)
  return counts.map { $0 / total }
}

// MARK: The masked head

/// The mean of the values, each counted by its share.
func mix(_ values: [[Float]], _ shares: [Float]) -> [Float] {
  valueWeights.indices.map { i in dot(shares, values.map { $0[i] }) }
}

/// The mask as models draw it: a score that must not count becomes −∞, and e to the power of −∞ is 0.
func maskedHead(_ stream: [[Float]]) -> (pattern: [[Float]], mixed: [[Float]]) {
  let queries = stream.map { linear($0, queryWeights) }
  let keys = stream.map { linear($0, keyWeights) }
  let values = stream.map { linear($0, valueWeights) }
  let pattern = stream.indices.map { t in
    softmax(stream.indices.map { s in s <= t ? scale * dot(queries[t], keys[s]) : -Float.infinity })
  }
  return (pattern, pattern.map { mix(values, $0) })
}

/// The same one word at a time: keys and values are kept, and each new word asks all that are there.
func wordByWord(_ stream: [[Float]]) -> [[Float]] {
  var keys: [[Float]] = []
  var values: [[Float]] = []
  return stream.map { x in
    keys.append(linear(x, keyWeights))
    values.append(linear(x, valueWeights))
    let query = linear(x, queryWeights)
    return mix(values, softmax(keys.map { scale * dot(query, $0) }))
  }
}

// MARK: The engine

/// The same head in the engine, whose states keep keys and values.
func engine() throws -> GraphSession {
  let g = GraphBuilder()
  let x = g.input("tokens", [.tokens], .int32).gather(from: g.weight("words", [table.count, 3]))
  let (q, k, v) = (x.linear("q", 2).reshape(1, 2), x.linear("k", 2).reshape(1, 2), x.linear("v", 2).reshape(1, 2))
  let z = q.attend(k.append(to: "keys"), v.append(to: "values"), scale: scale)
  let weights = ["words": table, "q.weight": queryWeights, "k.weight": keyWeights, "v.weight": valueWeights]
  return try GraphSession(
    g.finish(z), weights: { (weights[$0] ?? []).flatMap { $0 } }, context: 8, keeping: ["pattern"])
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

let sentence = [0, 1, 2, 3, 4]
let (pattern, mixed) = maskedHead(sentence.map { table[$0] })
print("How much each word takes from each:\n          Lily   saw     a   red  ball    gets red thing")
for t in sentence { print(line(words[t], pattern[t]) + "     " + line("", mixed[t]).dropFirst(8)) }

let other = maskedHead([0, 1, 2, 3, 5].map { table[$0] }).mixed
print("\nThe same with a red drum at the end:\n           red thing")
for (t, word) in [0, 1, 2, 3, 5].enumerated() { print(line(words[word], other[t])) }
guard other.prefix(4) == mixed.prefix(4), other[4] != mixed[4] else {
  print("A word has seen one that comes later.")
  exit(1)
}
print("Only the last line is new.\n")

let whole = try engine()
let engineMixed = try whole.step(sentence.map { Int32($0) })
check("shares", pattern.flatMap { $0 }, whole.value("pattern")?.values ?? [])
check("mixes", mixed.flatMap { $0 }, engineMixed.values)
let growing = try engine()
let steps = try sentence.flatMap { try growing.step([Int32($0)]).values }
check("mixes, word by word", wordByWord(sentence.map { table[$0] }).flatMap { $0 }, steps)
