import Architectures
import Generation
import Scenes
import Synchronization

/// Scenes of the loaded model; another model's take their place.
public final class SceneStore: Sendable {
  private let known = Mutex<ModelScenes?>(nil)

  /// The scenes of a model; opens its weights where it is a new one.
  func scenes(of loaded: LoadedModel) throws -> ModelScenes {
    try known.withLock { known in
      if let known, known.loaded === loaded { return known }
      let scenes = try ModelScenes(loaded)
      known = scenes
      return scenes
    }
  }
}

/// A model as the anatomy shows it: blocks for a prompt, weights as they are stored, values of the latest runs.
final class ModelScenes: Sendable {
  let loaded: LoadedModel
  let weights: ModelWeights
  /// Scenes by tokens; runs by session.
  private let scenes = Mutex<[Int: Scene]>([:])
  private let runs = Mutex<[(session: String, run: SceneRun)]>([])
  /// What bytes of tiles stand for, by node and reduction.
  private let ranges = Mutex<[RangeKey: Float]>([:])

  struct RangeKey: Hashable {
    let node: Int
    let across: Int
    let down: Int
    /// Which run it is of, for values.
    let run: Int
  }

  init(_ loaded: LoadedModel) throws {
    self.loaded = loaded
    weights = try ModelFile(path: loaded.model.path).weights()
  }

  /// The blocks for so many tokens, all of which have logits.
  func scene(tokens: Int) -> Scene {
    if let known = scenes.withLock({ $0[tokens] }) { return known }
    let scene = Scene(loaded.model.graph, sizes: .init(tokens: tokens))
    scenes.withLock { scenes in
      if scenes.count >= 8 { scenes.removeAll() }
      scenes[tokens] = scene
    }
    return scene
  }

  /// The values of a text's first tokens, worked out as they are asked for.
  func run(_ session: TextSession, tokens: Int) throws -> SceneRun {
    // May plan a model, which those who look at other texts need not wait for.
    let edited = try loaded.station.edited(session)
    return try runs.withLock { runs in
      if let place = runs.firstIndex(where: { $0.session == session.id }) {
        let known = runs.remove(at: place)
        if known.run.plannedTokens >= tokens {
          runs.append(known)
          return known.run
        }
      }
      let run = try SceneRun(self, tokens: tokens, edited: edited)
      if runs.count >= 2 { runs.removeFirst() }
      runs.append((session.id, run))
      return run
    }
  }

  func range(_ key: RangeKey, _ make: () throws -> Float) rethrows -> Float {
    if let known = ranges.withLock({ $0[key] }) { return known }
    let made = try make()
    ranges.withLock { ranges in
      if ranges.count > 50_000 { ranges.removeAll() }
      ranges[key] = made
    }
    return made
  }
}

extension AppModel {
  /// The cells of the loaded model for a text of its own, of which so many bytes are kept. Throws 409 where no model is
  /// loaded.
  ///
  /// `beginning` has cells of the same text when it was shorter; its work is gone on with.
  package func sceneCells(
    _ tokens: [Int32], budget: Int = SceneRun.standardBudget, beginning: SceneCells? = nil
  ) throws -> SceneCells {
    let scenes = try scenes.scenes(of: current())
    let run = try beginning?.run ?? SceneRun(scenes, tokens: tokens.count, budget: budget)
    return SceneCells(scenes: scenes, scene: scenes.scene(tokens: tokens.count), tokens: tokens, run: run)
  }
}
