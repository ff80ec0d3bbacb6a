package import GraphIR

extension RecurrenceRule {
  /// What the rule does, in a sentence.
  package var words: String {
    switch self {
    case .decay: "A memory that fades, takes in each token's key and value, and is asked by the query."
    case .gatedDelta: "A memory that fades, corrects what it recalls for each key, and is asked by the query."
    }
  }

  package var symbols: String {
    switch self {
    case .decay: "S ← eᵍ·S + k ⊗ v,  y = qᵀ·S"
    case .gatedDelta: "S ← eᵍ·S + k ⊗ β·(v − kᵀ·eᵍ·S),  y = qᵀ·S"
    }
  }
}
