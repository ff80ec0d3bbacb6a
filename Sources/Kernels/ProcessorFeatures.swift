import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The instruction-set extensions that kernels can use on a processor.
public struct ProcessorFeatures: OptionSet, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let avx2 = Self(rawValue: UInt32(CPU_AVX2))
  public static let fma = Self(rawValue: UInt32(CPU_FMA))
  public static let f16c = Self(rawValue: UInt32(CPU_F16C))
  public static let avx512f = Self(rawValue: UInt32(CPU_AVX512F))
  public static let avx512bw = Self(rawValue: UInt32(CPU_AVX512BW))
  public static let avx512vl = Self(rawValue: UInt32(CPU_AVX512VL))
  public static let avx512vnni = Self(rawValue: UInt32(CPU_AVX512VNNI))
  public static let avx512bf16 = Self(rawValue: UInt32(CPU_AVX512BF16))
  public static let avxvnni = Self(rawValue: UInt32(CPU_AVXVNNI))
  public static let dotprod = Self(rawValue: UInt32(CPU_DOTPROD))
  public static let i8mm = Self(rawValue: UInt32(CPU_I8MM))

  /// What the processor and the system support.
  public static let detected = Self(rawValue: cpu_features())

  /// What kernels may use: `detected`, limited by the environment variable `ORRERY_ISA` (`scalar`, `avx2`, `avxvnni`, `avx512`, `dotprod`).
  public static let current: Self = {
    guard let value = getenv("ORRERY_ISA"), let limit = Self(level: String(cString: value)) else { return detected }
    return detected.intersection(limit)
  }()

  /// Everything up to a named level: `scalar`, `avx2`, `avxvnni` or `avx512`, or `dotprod` on arm64; nil for another name.
  public init?(level: String) {
    switch level {
    case "scalar": self = []
    case "avx2": self = [.avx2, .fma, .f16c]
    case "avxvnni": self = [.avx2, .fma, .f16c, .avxvnni]
    case "dotprod": self = [.dotprod]
    case "avx512": self = [.avx2, .fma, .f16c, .avx512f, .avx512bw, .avx512vl, .avx512vnni, .avx512bf16]
    default: return nil
    }
  }

  private static let names: [(Self, String)] = [
    (.avx2, "avx2"), (.fma, "fma"), (.f16c, "f16c"), (.avx512f, "avx512f"), (.avx512bw, "avx512bw"),
    (.avx512vl, "avx512vl"), (.avx512vnni, "avx512vnni"), (.avx512bf16, "avx512bf16"), (.dotprod, "dotprod"),
    (.i8mm, "i8mm"), (.avxvnni, "avxvnni"),
  ]

  /// The extensions' names, as in `avx2 fma f16c`; `scalar` for none.
  public var description: String {
    isEmpty ? "scalar" : Self.names.filter { contains($0.0) }.map(\.1).joined(separator: " ")
  }
}
