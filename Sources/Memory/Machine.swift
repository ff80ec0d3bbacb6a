#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What this machine offers.
public struct Machine: Sendable {
  /// Bytes of memory, within the limit of a container.
  public let memoryBytes: Int
  /// Bytes that can be used now without swapping.
  public let availableBytes: Int
  /// Bytes that can be taken now before the system must end a program: what is available, and free swap.
  public let claimableBytes: Int
  public let processorCount: Int

  /// Reads the system; 0 for what it does not say.
  public init() {
    processorCount = max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1)
    #if os(Linux)
      let lines = Self.lines("/proc/meminfo")
      let total = Self.kibibytes("MemTotal:", lines)
      let available = Self.kibibytes("MemAvailable:", lines)
      let limit = Self.lines("/sys/fs/cgroup/memory.max").first.flatMap { Int($0) } ?? Int.max
      let used = Self.lines("/sys/fs/cgroup/memory.current").first.flatMap { Int($0) } ?? 0
      // Pages of files count as used by a container and are given up when memory is wanted.
      let parts = Self.lines("/sys/fs/cgroup/memory.stat")
      let files = (Self.number("active_file", parts) ?? 0) + (Self.number("inactive_file", parts) ?? 0)
      memoryBytes = min(total, limit)
      if limit == Int.max {
        availableBytes = available
        claimableBytes = available + Self.kibibytes("SwapFree:", lines)
      } else {
        availableBytes = min(available, max(limit - max(used - files, 0), 0))
        claimableBytes = availableBytes
      }
    #else
      var size: UInt64 = 0
      var width = MemoryLayout<UInt64>.size
      sysctlbyname("hw.memsize", &size, &width, nil, 0)
      memoryBytes = Int(size)
      availableBytes = Self.availableOnDarwin() ?? Int(size)
      // Memory is compressed and swapped long before a program is ended.
      claimableBytes = Int(size)
    #endif
  }

  /// Bytes of memory that this process has now; 0 where the system does not say.
  public static var residentBytes: Int {
    #if os(Linux)
      let pages = lines("/proc/self/statm").first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
      return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    #else
      var information = mach_task_basic_info()
      var count = mach_msg_type_number_t(MemoryLayout<mach_task_basic_info>.size / MemoryLayout<natural_t>.size)
      let result = withUnsafeMutablePointer(to: &information) { pointer in
        pointer.withMemoryRebound(to: integer_t.self, capacity: Int(count)) {
          task_info(mach_task_self_, task_flavor_t(MACH_TASK_BASIC_INFO), $0, &count)
        }
      }
      return result == KERN_SUCCESS ? Int(information.resident_size) : 0
    #endif
  }

  #if os(Linux)
    private static func lines(_ path: String) -> [String] {
      guard let file = fopen(path, "r") else { return [] }
      defer { fclose(file) }
      var text: [UInt8] = []
      var part = [UInt8](repeating: 0, count: 4096)
      while text.count < 1 << 20, case let count = fread(&part, 1, part.count, file), count > 0 {
        text += part[..<count]
      }
      return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private static func kibibytes(_ key: String, _ lines: [String]) -> Int {
      (number(key, lines) ?? 0) * 1024
    }

    private static func number(_ key: String, _ lines: [String]) -> Int? {
      lines.lazy.map { $0.split(separator: " ") }.first { $0.count > 1 && $0[0] == key }.flatMap { Int($0[1]) }
    }
  #else
    /// Free, inactive and purgeable pages.
    private static func availableOnDarwin() -> Int? {
      var statistics = vm_statistics64_data_t()
      var count = mach_msg_type_number_t(
        MemoryLayout<vm_statistics64_data_t>.size / MemoryLayout<integer_t>.size)
      let result = withUnsafeMutablePointer(to: &statistics) { pointer in
        pointer.withMemoryRebound(to: integer_t.self, capacity: Int(count)) {
          host_statistics64(mach_host_self(), HOST_VM_INFO64, $0, &count)
        }
      }
      guard result == KERN_SUCCESS else { return nil }
      let pages = Int(statistics.free_count) + Int(statistics.inactive_count) + Int(statistics.purgeable_count)
      return pages * Int(getpagesize())
    }
  #endif
}
