import Foundation
public import GRDB

/// The record of what was run, in one SQLite file.
public struct RunStore: Sendable {
  /// Where rows are read and written; one writer at a time.
  public let database: DatabaseQueue

  /// Opens the file at `path`, or makes it.
  public init(path: String) throws {
    database = try DatabaseQueue(path: path)
  }
}
