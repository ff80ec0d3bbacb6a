import Checkpoints

/// A byte-level BPE vocabulary of made-up words: bytes, syllables, two syllables, the same after a space, then tokens that no
/// text gives, and an end of text last.
struct RandomVocabulary {
  let entries: [GGUFEntry]

  init(count: Int) {
    var tokens = (0..<256).map { Self.letter(UInt8($0)) }
    var merges: [String] = []
    let room = max(0, count - 1)
    func add(_ left: String, _ right: String) {
      guard tokens.count < room else { return }
      merges.append("\(left) \(right)")
      tokens.append(left + right)
    }
    let vowels = "aeiou".map(String.init)
    let consonants = "bcdfghjklmnprstvwyz".map(String.init)
    let syllables = consonants.flatMap { first in vowels.map { (first, $0) } }
    let space = Self.letter(0x20)
    for (first, second) in syllables { add(first, second) }
    let open = syllables.map { $0.0 + $0.1 }
    for syllable in open { for last in "lnrst".map(String.init) { add(syllable, last) } }
    for syllable in open { add(space, syllable) }
    for syllable in open { for last in "lnrst".map(String.init) { add(space, syllable + last) } }
    for first in open { for second in open { add(first, second) } }
    var types = [Int32](repeating: 1, count: tokens.count)
    while tokens.count < room {
      tokens.append("<\(tokens.count)>")
      types.append(1)
    }
    tokens.append("<|end|>")
    types.append(3)
    tokens.removeLast(max(0, tokens.count - count))
    types.removeLast(types.count - tokens.count)
    let end = UInt32(max(0, tokens.count - 1))
    entries = [
      GGUFEntry("tokenizer.ggml.model", .string("gpt2")), GGUFEntry("tokenizer.ggml.pre", .string("gpt-2")),
      GGUFEntry("tokenizer.ggml.tokens", .strings(tokens)), GGUFEntry("tokenizer.ggml.token_type", .int32s(types)),
      GGUFEntry("tokenizer.ggml.merges", .strings(merges)), GGUFEntry("tokenizer.ggml.bos_token_id", .uint32(end)),
      GGUFEntry("tokenizer.ggml.eos_token_id", .uint32(end)), GGUFEntry("tokenizer.ggml.add_bos_token", .bool(false)),
    ]
  }

  /// A byte as byte-level BPE writes it: printable ones as themselves, the others from U+0100 on.
  private static func letter(_ byte: UInt8) -> String {
    func isPrintable(_ byte: UInt8) -> Bool { (33...126).contains(byte) || (161...172).contains(byte) || byte >= 174 }
    if isPrintable(byte) { return String(UnicodeScalar(byte)) }
    let place = (0..<byte).count { !isPrintable($0) }
    return String(UnicodeScalar(UInt32(256 + place))!)
  }
}
