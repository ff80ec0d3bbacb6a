import GraphIR
import Kernels

extension Lowering {
  /// Gives row operations to the products whose columns they follow, and joins products that share such an operation.
  ///
  /// An item's level says after which barriers it can run: even for rows, odd for tasks. An operation joins only where
  /// everything else that it reads is done before the products begin, so nothing waits longer than before.
  mutating func fuse() {
    var levels = [Int](repeating: 0, count: items.count)
    for index in items.indices {
      switch items[index].work {
      case .product(_, let columns):
        levels[index] = level(items[index], levels)
        clusters.append(
          Cluster(
            products: [index], domain: items[index].domain, columns: columns, unit: Packing.panelRows,
            level: levels[index]))
        items[index].cluster = clusters.count - 1
      case .task: levels[index] = level(items[index], levels)
      case .row:
        if let cluster = home(of: index, levels) {
          levels[index] = clusters[cluster].level
        } else {
          levels[index] = level(items[index], levels)
        }
      }
    }
  }

  /// The first level at which everything an item reads is there.
  private func level(_ item: Item, _ levels: [Int]) -> Int {
    let isRow = if case .row = item.work { true } else { false }
    func next(_ level: Int, mayShare: Bool) -> Int {
      if isRow { return level % 2 == 1 ? level + 1 : mayShare ? level : level + 2 }
      return level % 2 == 1 ? level + 2 : level + 1
    }
    var result = isRow ? 0 : 1
    for root in item.roots {
      guard let producer = values[root].producer else { continue }
      result = max(result, next(levels[producer], mayShare: !item.crossRow.contains(root)))
    }
    for producer in item.after { result = max(result, next(levels[producer], mayShare: false)) }
    return result
  }

  /// The cluster whose columns a value is.
  private func cluster(of root: Int) -> Int? {
    guard let producer = values[root].producer, let cluster = items[producer].cluster,
      values[root].rowWords == clusters[cluster].columns, values[root].totalWords == nil
    else { return nil }
    return cluster
  }

  /// Adds a row operation to a cluster and says which; nil where it must stay by itself.
  private mutating func home(of index: Int, _ levels: [Int]) -> Int? {
    let item = items[index]
    let roots = item.inputs.compactMap(\.root)
    guard item.after.isEmpty, item.crossRow.isEmpty,
      let latest = roots.compactMap({ cluster(of: $0) }).map({ clusters[$0].level }).max()
    else { return nil }
    var joined: [Int] = []
    for root in roots {
      if let id = cluster(of: root), clusters[id].level == latest {
        if !joined.contains(id) { joined.append(id) }
      } else if let producer = values[root].producer, levels[producer] >= latest {
        return nil
      }
    }
    let home = clusters[joined[0]]
    guard item.domain == home.domain,
      joined.allSatisfy({ clusters[$0].columns == home.columns && clusters[$0].domain == home.domain }),
      let cutting = Cutting(item, columns: home.columns, isInside: { cluster(of: $0).map(joined.contains) ?? false })
    else { return nil }
    let unit = joined.reduce(Self.commonMultiple(cutting.granule, home.unit)) {
      Self.commonMultiple($0, clusters[$1].unit)
    }
    guard unit <= Cluster.widestUnit else { return nil }
    for other in joined.dropFirst() {
      clusters[joined[0]].products += clusters[other].products
      clusters[joined[0]].epilogue += clusters[other].epilogue
      for moved in clusters[other].items { items[moved].cluster = joined[0] }
      (clusters[other].products, clusters[other].epilogue) = ([], [])
    }
    clusters[joined[0]].products.sort()
    clusters[joined[0]].epilogue.sort()
    clusters[joined[0]].epilogue.append(index)
    clusters[joined[0]].unit = unit
    items[index].cluster = joined[0]
    items[index].cutting = cutting
    return joined[0]
  }

  private static func commonMultiple(_ a: Int, _ b: Int) -> Int {
    var (x, y) = (a, b)
    while y != 0 { (x, y) = (y, x % y) }
    return a / x * b
  }
}
