#include "trace/event.h"

#include <bit>
#include <concepts>
#include <cstring>
#include <limits>

#include "trace/container.h"

namespace ttrace {
namespace {

template <class T, class U>
concept Like = std::same_as<std::remove_const_t<T>, U>;

// What an event consists of, in the order of the file: one list that both directions go through.
// `io` is an Encoder or a Decoder, `v` accordingly const or not.

void fields(auto& io, Like<MemoryWrite> auto& v) { io(v.at, v.data); }
void fields(auto& io, Like<Patch> auto& v) { io(v.at, v.original, v.patched); }
void fields(auto& io, Like<ObjectRef> auto& v) { io(v.object, v.offset); }
void fields(auto& io, Like<Mapping> auto& v) {
  io(v.start, v.length, v.protection, v.shared, v.grows_down, v.name, v.backing);
}
void fields(auto& io, Like<ExecEvent> auto& v) {
  io(v.pid, v.path, v.mappings, v.contents, v.patches, v.plans, v.registers);
}
void fields(auto& io, Like<AppliedPlan> auto& v) { io(v.plan, v.original, v.bias); }
void fields(auto& io, Like<SwitchEvent> auto& v) { io(v.at); }
void fields(auto& io, Like<StepsEvent> auto& v) { io(v.steps, v.at, v.digest); }
void fields(auto& io, Like<SplitEvent> auto& v) { io(v.loaded); }
void fields(auto& io, Like<PointEvent> auto& v) { io(v.registers); }
void fields(auto& io, Like<SyscallEntry> auto& v) { io(v.number, v.args, v.rip, v.digest); }
void fields(auto& io, Like<SharedChange::Piece> auto& v) { io(v.offset, v.data); }
void fields(auto& io, Like<SharedChange> auto& v) {
  io(v.number, v.name, v.size, v.from, v.length, v.pieces);
}
void fields(auto& io, Like<SyscallExit> auto& v) {
  io(v.result, v.writes, v.backing, v.patches, v.overlays, v.plans, v.registers, v.vector_state,
     v.output_stream, v.written_digest, v.shared);
}
void fields(auto& io, Like<SyscallEvent> auto& v) { io(v.entry, v.exit); }
void fields(auto& io, Like<SyscallEnterEvent> auto& v) { io(v.entry); }
void fields(auto& io, Like<SyscallExitEvent> auto& v) { io(v.number, v.exit); }
void fields(auto& io, Like<NewTaskEvent> auto& v) {
  io(v.child, v.child_pid, v.shares_memory, v.flags, v.registers, v.parent_writes, v.child_writes);
}
void fields(auto& io, Like<SignalEvent> auto& v) {
  io(v.number, v.info, v.action, v.synchronous, v.registers_before, v.registers, v.vector_state,
     v.frame);
}
void fields(auto& io, Like<InstructionEvent> auto& v) { io(v.kind, v.rip, v.length, v.results); }
void fields(auto& io, Like<std::pair<std::uint8_t, std::uint64_t>> auto& v) {
  io(v.first, v.second);
}
void fields(auto& io, Like<MarkEvent> auto& v) {
  io(v.kind, v.value, v.file, v.line, v.text, v.entry);
}
void fields(auto& io, Like<TaskExitEvent> auto& v) { io(v.status, v.writes); }
void fields(auto& io, Like<ProcessExitEvent> auto& v) { io(v.pid, v.status); }
void fields(auto& io, Like<EndEvent> auto& v) { io(v.reason, v.status); }

// The last enumerator of each enumeration: a greater number in a file is damage.
template <class E>
constexpr E kLast = E::missing_from_this_table;
template <>
constexpr auto kLast<SignalEvent::Action> = SignalEvent::Action::stop;
template <>
constexpr auto kLast<InstructionEvent::Kind> = InstructionEvent::Kind::rdseed;
template <>
constexpr auto kLast<MarkEvent::Kind> = MarkEvent::Kind::skipped;
template <>
constexpr auto kLast<EndEvent::Reason> = EndEvent::Reason::interrupted;

[[noreturn]] void damaged(const char* what) { throw TraceError(std::string("damaged: ") + what); }

void require(bool condition, const char* what) {
  if (!condition) damaged(what);
}

bool fits_above(Address at, std::uint64_t size) {
  return size <= std::numeric_limits<std::uint64_t>::max() - at.value();
}

// What must hold of a decoded value beyond its encoding, so that a consumer can rely on it.
template <class T>
void check(const T&) {}
template <>
void check(const MemoryWrite& v) {
  require(fits_above(v.at, v.data.size()), "memory beyond the end of the address space");
}
template <>
void check(const Patch& v) {
  require(v.original.size() == v.patched.size(), "a patch changes the length of its instruction");
  require(fits_above(v.at, v.patched.size()), "a patch beyond the end of the address space");
}
template <>
void check(const Mapping& v) {
  require(v.length % kPageSize == 0 && v.start.value() % kPageSize == 0,
          "a mapping that is not made of pages");
  require(fits_above(v.start, v.length), "a mapping beyond the end of the address space");
}
template <>
void check(const SharedChange& v) {
  constexpr auto kMost = std::uint64_t(std::numeric_limits<std::int64_t>::max());
  require(v.size <= kMost && v.from <= v.size && v.length <= v.size - v.from,
          "a change of shared memory beyond its end");
  for (const SharedChange::Piece& piece : v.pieces) {
    const bool inside = piece.offset >= v.from && piece.offset - v.from <= v.length &&
                        piece.data.size() <= v.length - (piece.offset - v.from);
    require(inside, "shared memory outside the part that changed");
  }
}
template <>
void check(const SyscallExit& v) {
  require(v.output_stream <= 2, "an unknown output stream");
}
template <>
void check(const InstructionEvent& v) {
  for (const auto& [index, value] : v.results) require(index < kRegisterCount, "no such register");
}

/// As ByteWriter, but gathers the small values, of which every event has dozens, before they go to
/// the buffer. The last ones go there at flush().
class GatheringWriter {
 public:
  explicit GatheringWriter(Bytes& out) : out_(out) {}

  void u8(std::uint8_t value) {
    make_room();
    gathered_[size_++] = std::byte(value);
  }
  void varint(std::uint64_t value) {
    make_room();
    for (; value >= 0x80; value >>= 7) gathered_[size_++] = std::byte(value | 0x80);
    gathered_[size_++] = std::byte(value);
  }
  void signed_varint(std::int64_t value) {
    varint((std::uint64_t(value) << 1) ^ std::uint64_t(value >> 63));
  }
  void raw(ByteView bytes) {
    flush();
    out_.insert(out_.end(), bytes.begin(), bytes.end());
  }
  void blob(ByteView bytes) {
    varint(bytes.size());
    raw(bytes);
  }
  void text(std::string_view text) { blob(bytes_of(text)); }
  void flush() {
    out_.insert(out_.end(), gathered_.begin(), gathered_.begin() + std::ptrdiff_t(size_));
    size_ = 0;
  }

 private:
  static constexpr std::size_t kLongestNumber = 10;

  void make_room() {
    if (size_ + kLongestNumber > gathered_.size()) flush();
  }

  Bytes& out_;
  std::size_t size_ = 0;
  std::array<std::byte, 256> gathered_;
};

class Encoder {
 public:
  explicit Encoder(Bytes& out) : out_(out) {}

  void operator()(const auto&... values) { (put(values), ...); }
  /// After the last value.
  void finish() { out_.flush(); }

 private:
  void put(bool v) { out_.u8(v); }
  void put(std::uint8_t v) { out_.u8(v); }
  void put(std::uint32_t v) { out_.varint(v); }
  void put(std::uint64_t v) { out_.varint(v); }
  void put(std::int32_t v) { out_.signed_varint(v); }
  void put(std::int64_t v) { out_.signed_varint(v); }
  void put(Address v) { out_.varint(v.value()); }
  template <class Tag, class Rep>
  void put(Strong<Tag, Rep> v) {
    put(v.value());
  }
  void put(const std::string& v) { out_.text(v); }
  void put(const Bytes& v) { out_.blob(v); }
  void put(const GeneralRegisters& v) { out_.raw(bytes_of(v)); }
  template <std::size_t N>
  void put(const std::array<std::uint64_t, N>& v) {
    for (const std::uint64_t word : v) put(word);
  }
  template <class T>
  void put(const std::optional<T>& v) {
    put(v.has_value());
    if (v) put(*v);
  }
  template <class T>
  void put(const std::vector<T>& v) {
    if (v.size() > kMaxListLength) {
      throw NotRecordable("an event with a list of " + std::to_string(v.size()) + " entries");
    }
    put(std::uint64_t(v.size()));
    for (const T& element : v) put(element);
  }
  template <class T>
  void put(const T& v) {
    if constexpr (std::is_enum_v<T>) {
      out_.u8(std::uint8_t(v));
    } else {
      fields(*this, v);
    }
  }

  GatheringWriter out_;
};

/// Accepts exactly what Encoder writes: a value has one encoding.
class Decoder {
 public:
  explicit Decoder(ByteReader& in) : in_(in) {}

  void operator()(auto&... values) { (get(values), ...); }

  template <class T>
  T value() {
    T v{};
    get(v);
    return v;
  }
  /// The same, into `v` as it was made.
  void read(auto& v) { get(v); }

 private:
  void get(std::uint64_t& v) {
    const std::size_t start = in_.position();
    v = in_.varint();
    const std::size_t shortest = (std::size_t(std::bit_width(v | 1)) + 6) / 7;
    require(in_.position() - start == shortest, "a number is longer than it needs to be");
  }
  void get(std::uint8_t& v) { v = in_.u8(); }
  void get(bool& v) {
    const std::uint8_t byte = in_.u8();
    require(byte <= 1, "neither yes nor no");
    v = byte != 0;
  }
  void get(std::uint32_t& v) {
    const auto wide = value<std::uint64_t>();
    v = std::uint32_t(wide);
    require(v == wide, "a number exceeds 32 bits");
  }
  void get(std::int64_t& v) {
    const auto zigzag = value<std::uint64_t>();
    v = std::int64_t(zigzag >> 1) ^ -std::int64_t(zigzag & 1);
  }
  void get(std::int32_t& v) {
    const auto wide = value<std::int64_t>();
    v = std::int32_t(wide);
    require(v == wide, "a number exceeds 32 bits");
  }
  void get(Address& v) { v = Address(value<std::uint64_t>()); }
  template <class Tag, class Rep>
  void get(Strong<Tag, Rep>& v) {
    v = Strong<Tag, Rep>(value<Rep>());
  }
  ByteView blob() {
    const auto size = value<std::uint64_t>();
    require(size <= in_.left(), "it ends inside a value");
    return in_.raw(std::size_t(size));
  }
  void get(std::string& v) {
    const ByteView view = blob();
    v.assign(reinterpret_cast<const char*>(view.data()), view.size());
  }
  void get(Bytes& v) {
    const ByteView view = blob();
    v.assign(view.begin(), view.end());
  }
  void get(GeneralRegisters& v) { std::memcpy(&v, in_.raw(sizeof v).data(), sizeof v); }
  template <std::size_t N>
  void get(std::array<std::uint64_t, N>& v) {
    for (std::uint64_t& word : v) get(word);
  }
  template <class T>
  void get(std::optional<T>& v) {
    if (value<bool>()) get(v.emplace());
  }
  template <class T>
  void get(std::vector<T>& v) {
    // Grows as elements are read, so that a damaged count reserves nothing.
    const auto count = value<std::uint64_t>();
    require(count <= kMaxListLength && count <= in_.left(), "a count exceeds what follows");
    for (std::uint64_t i = 0; i < count; ++i) get(v.emplace_back());
  }
  template <class T>
  void get(T& v) {
    if constexpr (std::is_enum_v<T>) {
      const std::uint8_t byte = in_.u8();
      require(byte <= std::uint8_t(kLast<T>), "an unknown kind of thing");
      v = T(byte);
    } else {
      fields(*this, v);
      check(v);
    }
  }

  ByteReader& in_;
};

constexpr std::array kKindNames = {
    "exec",   "syscall",     "syscall_enter", "syscall_exit", "new_task",
    "signal", "instruction", "mark",          "task_exit",    "process_exit",
    "end",    "switch",      "steps",         "split",        "point",
};
static_assert(kKindNames.size() == std::variant_size_v<EventBody>);

template <std::size_t... I>
void decode_body(std::uint8_t kind, Decoder& decoder, EventBody& body, std::index_sequence<I...>) {
  using Decode = void (*)(Decoder&, EventBody&);
  static constexpr std::array<Decode, sizeof...(I)> decoders = {
      [](Decoder& d, EventBody& into) { d.read(into.emplace<I>()); }...,
  };
  require(kind < decoders.size(), "an unknown kind of event");
  decoders[kind](decoder, body);
}

}  // namespace

const char* kind_name(const EventBody& body) { return kKindNames[body.index()]; }

void encode(const Event& event, Bytes& out) {
  Encoder encoder(out);
  encoder(std::uint8_t(event.body.index()), event.tid, event.ticks, event.time_us);
  std::visit([&](const auto& body) { encoder(body); }, event.body);
  encoder.finish();
}

Event decode_event(ByteReader& in) {
  Decoder decoder(in);
  Event event;
  std::uint8_t kind = 0;
  decoder(kind, event.tid, event.ticks, event.time_us);
  decode_body(kind, decoder, event.body,
              std::make_index_sequence<std::variant_size_v<EventBody>>());
  return event;
}

}  // namespace ttrace
