import Foundation
public import GRDB
import JSON
import TensorCore
import Training

/// The record of training runs in one SQLite file, beside the runs' folders; it can be read while runs write to it.
///
///     let store = try RunStore(folder: RunStore.standardFolder)
///     let record = try store.begin(recipe)
///     try TrainingRun(recipe: recipe, folder: record.folder).run(observer: store.recorder(of: record.id))
public final class RunStore: Sendable {
  /// Holds `runs.sqlite` and a folder for each run.
  public let folder: String
  /// Where rows are read and written: one writer, any number of readers beside it (write-ahead log).
  public let database: DatabasePool

  /// `$ORRERY_DATA/runs`, else `orrery/runs` where the system keeps a user's data (`$XDG_DATA_HOME`, `~/.local/share`).
  public static var standardFolder: String {
    let environment = ProcessInfo.processInfo.environment
    if let folder = environment["ORRERY_DATA"], !folder.isEmpty { return folder + "/runs" }
    if let folder = environment["XDG_DATA_HOME"], folder.hasPrefix("/") { return folder + "/orrery/runs" }
    #if os(macOS)
      return NSHomeDirectory() + "/Library/Application Support/orrery/runs"
    #else
      return NSHomeDirectory() + "/.local/share/orrery/runs"
    #endif
  }

  /// Opens the store of a folder, or makes both. Throws `FileError` where it cannot be written or is no database.
  public init(folder: String) throws {
    let folder = URL(filePath: folder).standardizedFileURL.path
    self.folder = folder
    do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
      throw FileError(path: folder, reason: error.localizedDescription)
    }
    // Of programs that begin at the same moment one makes the tables, and the others find them.
    let lock = FolderLock(waitingFor: folder)
    defer { withExtendedLifetime(lock) {} }
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    let path = folder + "/runs.sqlite"
    do {
      database = try DatabasePool(path: path, configuration: configuration)
      try Self.migrator.migrate(database)
    } catch let error as DatabaseError {
      throw FileError(path: path, reason: error.message ?? "\(error)")
    }
  }

  /// Whether a folder holds a store: reading one need not make it.
  public static func exists(in folder: String) -> Bool {
    FileManager.default.fileExists(atPath: folder + "/runs.sqlite")
  }
}

extension RunStore {
  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("runs") { db in
      try db.create(table: "run") { table in
        table.primaryKey("id", .text)
        table.column("name", .text).notNull()
        table.column("folder", .text).notNull()
        table.column("recipe", .text).notNull()
        table.column("status", .text).notNull()
        table.column("began", .datetime).notNull()
        table.column("changed", .datetime).notNull()
        table.column("step", .integer).notNull().defaults(to: 0)
        table.column("steps", .integer).notNull()
        table.column("parameters", .integer).notNull().defaults(to: 0)
        table.column("data", .text).notNull().defaults(to: "")
        table.column("message", .text)
      }
      func perStep(_ name: String, _ body: (TableDefinition) -> Void) throws {
        try db.create(table: name, options: .withoutRowID) { table in
          table.column("run", .text).notNull().references("run", onDelete: .cascade)
          table.column("step", .integer).notNull()
          body(table)
        }
      }
      try perStep("loss") { table in
        table.column("loss", .double).notNull()
        table.column("rate", .double).notNull()
        table.column("gradientNorm", .double).notNull()
        table.column("tokens", .integer).notNull()
        table.column("seconds", .double).notNull()
        table.column("operations", .integer).notNull()
        table.primaryKey(["run", "step"])
      }
      try perStep("validation") { table in
        table.column("loss", .double).notNull()
        table.column("rows", .integer).notNull()
        table.column("right", .integer)
        table.column("sequences", .integer).notNull()
        table.primaryKey(["run", "step"])
      }
      try perStep("sample") { table in
        table.column("prompt", .text).notNull()
        table.column("text", .text).notNull()
        table.primaryKey(["run", "step", "prompt"])
      }
      try perStep("checkpoint") { table in
        table.column("path", .text).notNull()
        table.primaryKey(["run", "step"])
      }
      try perStep("layer") { table in
        table.column("name", .text).notNull()
        table.column("gradientNorm", .double).notNull()
        table.column("weightNorm", .double).notNull()
        table.primaryKey(["run", "step", "name"])
      }
    }
    migrator.registerMigration("peak") { db in
      try db.alter(table: "run") { table in
        table.add(column: "peakOperationsPerSecond", .double)
        table.add(column: "shareOfPeak", .double)
      }
    }
    return migrator
  }
}
