public import Foundation
public import GRDB
import JSON
public import Training

/// One run as the store lists it.
public struct RunRecord: Codable, Sendable, Hashable, FetchableRecord, PersistableRecord {
  public static let databaseTableName = "run"

  /// The recipe's name and a number, as `sort-3`.
  public var id: String
  public var name: String
  public var folder: String
  /// The recipe's JSON.
  public var recipe: String
  public var status: Status
  public var began: Date
  public var changed: Date
  public var step: Int
  public var steps: Int
  public var parameters: Int
  /// What it learns from.
  public var data: String
  /// What went wrong, where something did.
  public var message: String?
  /// Operations a second that its threads could do in the products it computes, measured as it last began or went on.
  public var peakOperationsPerSecond: Double?
  /// Of that peak, what its steps since then came to; nil where the peak was measured too low, beside other work.
  public var shareOfPeak: Double?

  /// Where a run stands. The database keeps `running` for one that was killed; the store tells it as `interrupted`, since
  /// nobody holds its folder.
  public enum Status: String, Codable, Sendable { case running, paused, interrupted, stopped, finished, failed }

  /// The recipe that it began with, or that it last went on with.
  public func recorded() throws -> Recipe { try Recipe(json: JSON(parsing: recipe), file: id) }

  /// Whether a process works on it now.
  public var isLive: Bool { status == .running || status == .paused }

  /// As it is stored, but `interrupted` where it says that someone works on it and nobody does.
  var told: RunRecord {
    guard isLive, !FolderLock.isHeld(folder) else { return self }
    var record = self
    record.status = .interrupted
    return record
  }
}

/// A step of a run as it is stored.
public struct LossRecord: Codable, Sendable, Hashable, FetchableRecord, PersistableRecord {
  public static let databaseTableName = "loss"
  public var run: String
  public var step: Int
  public var loss: Double
  public var rate: Double
  public var gradientNorm: Double
  public var tokens: Int
  public var seconds: Double
  public var operations: Int
}

/// A validation of a run.
public struct ValidationRecord: Codable, Sendable, Hashable, FetchableRecord, PersistableRecord {
  public static let databaseTableName = "validation"
  public var run: String
  public var step: Int
  public var loss: Double
  public var rows: Int
  public var right: Int?
  public var sequences: Int
}

/// A text that a run wrote.
public struct SampleRecord: Codable, Sendable, Hashable, FetchableRecord, PersistableRecord {
  public static let databaseTableName = "sample"
  public var run: String
  public var step: Int
  public var prompt: String
  public var text: String
}

/// Where a run's checkpoint was kept.
public struct CheckpointRecord: Codable, Sendable, Hashable, FetchableRecord, PersistableRecord {
  public static let databaseTableName = "checkpoint"
  public var run: String
  public var step: Int
  public var path: String
}

/// Norms of one layer.
public struct LayerRecord: Codable, Sendable, Hashable, FetchableRecord, PersistableRecord {
  public static let databaseTableName = "layer"
  public var run: String
  public var step: Int
  public var name: String
  public var gradientNorm: Double
  public var weightNorm: Double
}

extension RunStore {
  /// A new run of a recipe, with an id and a folder of its own.
  public func begin(_ recipe: Recipe) throws -> RunRecord {
    try database.write { db in
      var number = 1
      while try RunRecord.exists(db, key: "\(recipe.name)-\(number)")
        || FileManager.default.fileExists(atPath: "\(folder)/\(recipe.name)-\(number)")
      { number += 1 }
      let record = RunRecord(
        id: "\(recipe.name)-\(number)", name: recipe.name, folder: "\(folder)/\(recipe.name)-\(number)",
        recipe: recipe.json.text(), status: .running, began: Date(), changed: Date(), step: 0, steps: recipe.steps,
        parameters: 0, data: "")
      try record.insert(db)
      return record
    }
  }

  /// All runs, the one that changed last first.
  public func runs() throws -> [RunRecord] {
    try database.read { try RunRecord.order(Column("changed").desc).fetchAll($0) }.map(\.told)
  }

  /// The run of an id or folder; nil where there is none.
  public func run(_ name: String) throws -> RunRecord? {
    let path = URL(filePath: name).standardizedFileURL.path
    return try database.read { db in
      try RunRecord.filter(Column("id") == name || Column("folder") == path || Column("folder") == name).fetchOne(db)
    }?.told
  }

  /// The rows of a run after a step, in order: of losses, validations, samples, checkpoints or layers.
  public func rows<Row: FetchableRecord & TableRecord>(
    _ type: Row.Type, of run: String, after step: Int = -1
  ) throws -> [Row] {
    try database.read { db in
      try Row.filter(Column("run") == run && Column("step") > step).order(Column("step")).fetchAll(db)
    }
  }

  /// Forgets a run and what it recorded; its folder stays.
  @discardableResult
  public func forget(_ id: String) throws -> Bool {
    try database.write { try RunRecord.deleteOne($0, key: id) }
  }
}

extension RunStore {
  /// Takes up a run whose folder lies elsewhere, as one that was moved; it gets an id of its own.
  public func adopt(_ recipe: Recipe, folder path: String) throws -> RunRecord {
    var record = try begin(recipe)
    try database.write { db in
      record.folder = path
      try record.update(db)
    }
    return record
  }
}
