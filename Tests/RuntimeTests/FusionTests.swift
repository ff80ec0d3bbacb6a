import GraphIR
import Kernels
import Planning
import TensorCore
import TestSupport
import Testing

/// What the planner joins, on a small dense model of the usual kind.
@Suite struct FusionTests {
  static let layers = 3

  /// Normed attention with turned heads, then a gated network, over quantised weights of whole blocks.
  static func dense(hasHeadNorms: Bool) throws -> Graph {
    let g = GraphBuilder()
    let positions = g.input("positions", [.tokens], .int32)
    let turn = RotaryEmbedding(width: 32, base: 100)
    var x = g.input("tokens", [.tokens], .int32).gather(from: g.weight("embedding", [64, 128]))
    for layer in 0..<layers {
      let normed = x.rmsNorm("norm\(layer)", epsilon: 0.1)
      func heads(_ name: String, _ count: Int, isNormed: Bool = true) -> Value {
        let heads = normed.linear("\(name)\(layer)", count * 32).reshape(count, 32)
        return hasHeadNorms && isNormed ? heads.rmsNorm("\(name)norm\(layer)", epsilon: 0.1) : heads
      }
      let keys = heads("k", 2).rope(turn, at: positions).append(to: "keys\(layer)")
      let values = heads("v", 2, isNormed: false).append(to: "values\(layer)")
      let mixed = g.scope("attention\(layer)") {
        heads("q", 4).rope(turn, at: positions).attend(keys, values, scale: 0.2)
      }
      let middle = (x + mixed.reshape(128).linear("o\(layer)", 128)).named("middle\(layer)")
      let inner = middle.rmsNorm("inner\(layer)", epsilon: 0.1)
      let gate = inner.linear("gate\(layer)", 256).named("gate\(layer)")
      x = middle + (gate.unary(.silu) * inner.linear("up\(layer)", 256)).linear("down\(layer)", 128)
    }
    let asked = g.input("rows", [.rows], .int32).gather(from: x.rmsNorm("last", epsilon: 0.1))
    return try g.finish(asked.linear("head", 64))
  }

  static func plan(_ graph: Graph, capacity: Int, taps: Set<String> = []) throws -> Program {
    var options = PlanOptions()
    options.taps = taps
    return try Program(planning: graph, capacity: capacity, options: options, catalogue: .current) { name in
      name.contains("norm") || name.contains("inner") || name.contains("last") ? .f32 : .q8_0
    }
  }

  @Test(arguments: [false, true]) func `a dense layer is five steps for one token`(hasHeadNorms: Bool) throws {
    let program = try Self.plan(Self.dense(hasHeadNorms: hasHeadNorms), capacity: 1)
    // The embedding, five a layer, the last norm, the asked row, the head.
    #expect(program.steps.count == 1 + 5 * Self.layers + 3)
    let rows = program.steps.filter { if case .rows = $0 { true } else { false } }
    #expect(rows.count == 3)
  }

  @Test func `gate and up go side by side and quantise their own columns`() throws {
    let program = try Self.plan(Self.dense(hasHeadNorms: false), capacity: 64)
    let products = program.steps.flatMap { step -> [ProductsStep] in
      guard case .tasks(let tasks) = step else { return [] }
      return tasks.compactMap { if case .products(let products) = $0 { products } else { nil } }
    }
    let gated = products.filter { $0.members.count == 2 }
    #expect(gated.count == Self.layers)
    #expect(gated.allSatisfy { $0.epilogue.count == 2 && $0.unit % 32 == 0 && $0.columns == 256 })
    #expect(gated.allSatisfy { step in step.members.allSatisfy { $0.output.space == .tile } })
  }

  @Test func `after the last attention only asked rows are worked out`() throws {
    let program = try Self.plan(Self.dense(hasHeadNorms: false), capacity: 64)
    func names(_ domain: Domain) -> [String] {
      program.steps.flatMap { step -> [String] in
        guard case .tasks(let tasks) = step else { return [] }
        return tasks.flatMap { task -> [String] in
          guard case .products(let products) = task, products.domain == domain else { return [] }
          return products.members.map { program.matrices[$0.matrix].name }
        }
      }
    }
    #expect(Set(names(.rows)) == ["o2.weight", "gate2.weight", "up2.weight", "down2.weight", "head.weight"])
    #expect(names(.tokens).count == 7 * Self.layers - 4)
  }

  /// Two layers of gated experts; states keep the first one's rows apart from those asked for.
  static func mixture() throws -> Graph {
    let g = GraphBuilder()
    var x = g.input("tokens", [.tokens], .int32).gather(from: g.weight("embedding", [64, 128]))
    for layer in 0..<2 {
      let state = "memory\(layer)"
      x = x + x.shortConvolution("convolution_norm\(layer)", state: state, taps: 3, bias: false)
      let choice = x.linear("router\(layer)", 8).topK(Selection(count: 2))
      let up = x.expertLinear("up\(layer)", 256, experts: 8, choice: choice)
      let gate = x.expertLinear("gate\(layer)", 256, experts: 8, choice: choice).named("gate\(layer)")
      let down = (gate.unary(.silu) * up).expertLinear("down\(layer)", 128, experts: 8, choice: choice)
      x = x + down.reshape(2, 128).weightedSum(x.slice(0..<2).unary(.sigmoid))
    }
    let asked = g.input("rows", [.rows], .int32).gather(from: x)
    return try g.finish(asked.linear("head", 64))
  }

  private static func experts(_ program: Program) -> [ExpertStep] {
    program.steps.flatMap { step -> [ExpertStep] in
      guard case .tasks(let tasks) = step else { return [] }
      return tasks.compactMap { if case .experts(let experts) = $0 { experts } else { nil } }
    }
  }

  @Test func `experts' gate and up are one task, for asked rows alone in the last layer`() throws {
    let steps = try Self.experts(Self.plan(Self.mixture(), capacity: 64))
    #expect(steps.map(\.members.count) == [2, 1, 2, 1])
    #expect(steps.map { $0.gating?.layout } == [.q8, nil, .q8, nil])
    #expect(steps.map(\.domain) == [.tokens, .tokens, .rows, .rows])
  }

  @Test func `a kept gate of experts stays apart`() throws {
    let steps = try Self.experts(Self.plan(Self.mixture(), capacity: 64, taps: ["gate1"]))
    #expect(steps.map(\.members.count) == [2, 1, 1, 1, 1])
  }

  @Test func `a kept value is whole and lies in the arena`() throws {
    let program = try Self.plan(Self.dense(hasHeadNorms: false), capacity: 64, taps: ["gate2", "middle2"])
    let gate = try #require(program.taps["gate2"])
    #expect(gate.domain == .tokens && gate.operand.space == .arena)
    #expect(try #require(program.taps["middle2"]).domain == .tokens)
  }
}
