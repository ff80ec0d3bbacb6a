import Benchmarking
import Foundation
import Generation
import JSON

extension UsersReport {
  func json(loadSeconds: Double) -> JSON {
    let (total, decode) = (median { $0.tokensPerSecond }, median { $0.decodeTokensPerSecond })
    let first = median { $0.lastFirstToken }
    return [
      "model": .string(benchmark.model.path), "threads": .integer(benchmark.model.threadCount),
      "cacheFormat": .string("\(benchmark.model.options.cacheFormat)"), "loadSeconds": .number(loadSeconds),
      "users": .integer(benchmark.users), "promptTokens": .integer(benchmark.promptTokens),
      "newTokens": .integer(benchmark.newTokens), "repetitions": .integer(results.count),
      "results": [
        ["test": "users", "tokensPerSecond": .number(total.value), "spread": .number(total.spread)],
        ["test": "usersDecode", "tokensPerSecond": .number(decode.value), "spread": .number(decode.spread)],
      ],
      "lastFirstTokenSeconds": .number(first.value), "machine": peaks.json(main: .int8),
    ]
  }

  func text(loadSeconds: Double) -> String {
    func line(_ name: String, _ figure: (value: Double, spread: Double), _ unit: String) -> String {
      name.padding(toLength: 38, withPad: " ", startingAt: 0)
        + String(format: "%9.2f %@, spread %.1f %%", figure.value, unit, figure.spread * 100)
    }
    return [
      "\(benchmark.model.path): \(benchmark.users) users, \(benchmark.promptTokens) tokens of prompt and "
        + "\(benchmark.newTokens) new ones each, \(benchmark.model.threadCount) threads", "",
      line("new tokens of all users", median { $0.tokensPerSecond }, "token/s"),
      line("once every prompt is read", median { $0.decodeTokensPerSecond }, "token/s"),
      line("first token of the last user after", median { $0.lastFirstToken }, "s"), "",
    ].joined(separator: "\n") + peaks.text
  }
}
