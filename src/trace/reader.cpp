#include "trace/reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <list>
#include <system_error>
#include <utility>

#include "trace/container.h"
#include "trace/object_store.h"
#include "trace/pack.h"
#include "trace/table.h"

namespace ttrace {
namespace {

constexpr std::size_t kCachedFrames = 4;
constexpr const char* kCopyAgain = ": copy the trace again from where it was made";

std::string message_of(int error) { return std::generic_category().message(error); }

bool refers_beyond(const std::optional<ObjectRef>& ref, std::size_t count) {
  return ref && ref->object >= count;
}

bool refers_beyond(const std::vector<Mapping>& mappings, std::size_t count) {
  return std::any_of(mappings.begin(), mappings.end(),
                     [&](const Mapping& m) { return refers_beyond(m.backing, count); });
}

bool refers_beyond(const std::vector<AppliedPlan>& plans, std::size_t count) {
  return std::any_of(plans.begin(), plans.end(), [&](const AppliedPlan& plan) {
    return plan.plan >= count || plan.original >= count;
  });
}

bool refers_beyond(const SyscallExit& exit, std::size_t count) {
  return refers_beyond(exit.backing, count) || refers_beyond(exit.overlays, count) ||
         refers_beyond(exit.plans, count);
}

// Whether the event refers to an object that the table does not have.
bool refers_beyond(const Event& event, std::size_t count) {
  if (const auto* exec = std::get_if<ExecEvent>(&event.body)) {
    return refers_beyond(exec->mappings, count) || refers_beyond(exec->plans, count);
  }
  if (const auto* call = std::get_if<SyscallEvent>(&event.body)) {
    return refers_beyond(call->exit, count);
  }
  if (const auto* exit = std::get_if<SyscallExitEvent>(&event.body)) {
    return refers_beyond(exit->exit, count);
  }
  return false;
}

}  // namespace

struct TraceReader::State {
  explicit State(const std::string& path_to_open);

  void open_file();
  void open_pack();
  void read_header();
  void read_footer();
  void read_tables();
  Bytes read_at(std::uint64_t offset, std::uint64_t size) const;
  Bytes read_table(FrameKind kind, std::uint64_t from, std::uint64_t to, const char* what) const;
  Fd open_object(std::uint32_t index) const;
  /// Compares an object's contents with its name.
  void check_contents(const ObjectInfo& object, const Fd& file) const;
  [[noreturn]] void fail(const std::string& what) const;

  /// Decoded as far as somebody asked.
  struct CachedFrame {
    struct Found {
      std::uint32_t at = 0;          ///< in `raw`
      std::uint32_t base = 0;        ///< likewise, of the call that it refers to, if it does
      std::unique_ptr<Event> event;  ///< null: a plain call that is not decoded yet
    };
    FramePlace place;
    Bytes raw;
    std::vector<Found> events;  ///< the first ones
    std::size_t end = 0;        ///< of the last of them, in `raw`
    // What calls behind `end` refer to, and where those lie.
    RecentCalls recent;
    std::array<std::uint32_t, RecentCalls::kMost> places{};
    std::size_t full_calls = 0;
  };
  /// The frame of an event, and the event's index in it.
  std::pair<CachedFrame*, std::size_t> find_frame(EventNumber number);
  std::optional<PlainCall> find_next(CachedFrame& frame) const;
  static std::optional<PlainCall> call_again(const CachedFrame& frame, std::size_t index);
  CachedFrame read_frame(const FramePlace& place) const;
  [[noreturn]] void fail_at(const FramePlace& place, const TraceError& error) const;

  std::string path;
  std::string objects_folder;
  Fd file;
  std::optional<PackedObjects> packed;
  std::uint64_t size = 0;
  std::uint64_t header_size = 0;
  std::vector<std::string> cpu_features;
  Footer footer{};
  TraceInfo info;
  std::vector<ObjectInfo> objects;
  std::vector<FramePlace> frames;
  std::list<CachedFrame> cache;  ///< the frame read last comes first
};

TraceReader::State::State(const std::string& path_to_open) : path(path_to_open) {
  open_file();
  open_pack();
  read_header();
  read_footer();
  read_tables();
}

void TraceReader::State::fail(const std::string& what) const { throw TraceError(path + what); }

void TraceReader::State::open_file() {
  // Nonblocking, so that a FIFO is refused instead of waited for.
  file = Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file && errno == ENOENT) {
    fail(": no such file; \"ttrace ls\" lists the traces of a directory");
  }
  if (!file) throw TraceError("cannot open " + path + ": " + message_of(errno));
  struct stat status {};
  if (::fstat(file.value(), &status) != 0) {
    throw TraceError("cannot read " + path + ": " + message_of(errno));
  }
  if (S_ISDIR(status.st_mode)) fail(" is a directory: name one trace in it");
  if (!S_ISREG(status.st_mode)) fail(" is not a regular file, so it is no trace");
  if (status.st_size == 0) fail(" is empty: it is no trace");
  size = std::uint64_t(status.st_size);

  // Objects lie beside the file itself, also if `path` is a link to it.
  std::error_code error;
  std::filesystem::path real = std::filesystem::canonical(path, error);
  if (error) real = std::filesystem::absolute(path);
  objects_folder = (real.parent_path() / kObjectsName).string();
}

/// A packed trace is a trace and what follows it.
void TraceReader::State::open_pack() {
  try {
    packed = PackedObjects::open(file.value(), size);
  } catch (const TraceError& error) {
    fail(": " + std::string(error.what()) + kCopyAgain);
  }
  if (packed) size = packed->trace_size();
}

Bytes TraceReader::State::read_at(std::uint64_t offset, std::uint64_t count) const {
  Bytes bytes(count);
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got =
        ::pread(file.value(), bytes.data() + done, bytes.size() - done, off_t(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw TraceError("cannot read " + path + ": " + message_of(errno));
    if (got == 0) fail(" became shorter while it was read" + std::string(kCopyAgain));
    done += std::size_t(got);
  }
  return bytes;
}

void TraceReader::State::read_header() {
  const std::string cut = " is incomplete: it ends within its header" + std::string(kCopyAgain);
  HeaderPrefix prefix{};
  const Bytes start = read_at(0, std::min<std::uint64_t>(size, sizeof prefix));
  std::memcpy(&prefix, start.data(), start.size());
  const std::size_t magic_size = std::min(start.size(), kMagic.size());
  if (std::memcmp(prefix.magic.data(), kMagic.data(), magic_size) != 0) {
    fail(" is not a ttrace file");
  }
  if (start.size() < sizeof prefix) fail(cut);

  const std::uint64_t summed = sizeof prefix + std::uint64_t(prefix.payload_size);
  const bool plausible = prefix.payload_size <= kMaxHeaderPayload;
  if (plausible && summed + kChecksumSize > size) fail(cut);
  bool sound = plausible;
  Bytes header;
  if (sound) {
    header = read_at(0, summed + kChecksumSize);
    std::uint64_t checksum = 0;
    std::memcpy(&checksum, header.data() + summed, sizeof checksum);
    sound = checksum == checksum_of(ByteView(header).first(summed));
  }
  if (!sound)
    fail(": damaged: the checksum of its header does not match" + std::string(kCopyAgain));
  if (prefix.format > kFormatVersion) {
    fail(" was written by a newer ttrace (format " + std::to_string(prefix.format) +
         ", this one reads up to " + std::to_string(kFormatVersion) + "): use a newer ttrace");
  }
  if (prefix.format == 0) fail(": damaged: it has no format version" + std::string(kCopyAgain));
  header_size = header.size();
  try {
    cpu_features =
        parse_header_payload(ByteView(header).subspan(sizeof prefix, prefix.payload_size))
            .cpu_features;
  } catch (const TraceError& error) {
    fail(": " + std::string(error.what()) + " (its header)" + kCopyAgain);
  }
}

void TraceReader::State::read_footer() {
  if (size < header_size + sizeof(Footer)) {
    fail(" is incomplete: its end is missing" + std::string(kCopyAgain));
  }
  try {
    footer = parse_footer(read_at(size - sizeof(Footer), sizeof(Footer)), size);
    if (footer.objects_at < header_size) throw TraceError("damaged: its parts are out of order");
  } catch (const TraceError& error) {
    fail(" is incomplete or damaged at its end (it has " + std::to_string(size) + " bytes; " +
         error.what() + ")" + kCopyAgain);
  }
}

Bytes TraceReader::State::read_table(FrameKind kind, std::uint64_t from, std::uint64_t to,
                                     const char* what) const {
  try {
    if (to - from > sizeof(FrameHeader) + kMaxTableSize + kChecksumSize) {
      throw TraceError("damaged: it is larger than the format allows");
    }
    return open_frame(read_at(from, to - from), {kind, 0, 0});
  } catch (const TraceError& error) {
    fail(": " + std::string(error.what()) + " (its " + what + ", at byte " + std::to_string(from) +
         ")" + kCopyAgain);
  }
}

void TraceReader::State::read_tables() {
  const Bytes object_table =
      read_table(FrameKind::objects, footer.objects_at, footer.metadata_at, "object table");
  const Bytes metadata =
      read_table(FrameKind::metadata, footer.metadata_at, footer.index_at, "metadata");
  const Bytes index = read_table(FrameKind::index, footer.index_at, size - sizeof(Footer), "index");
  try {
    objects = decode_objects(object_table);
    info = trace_info_from_json({reinterpret_cast<const char*>(metadata.data()), metadata.size()});
    info.cpu_features = cpu_features;
    frames = decode_index(index, header_size, footer.objects_at, footer.event_count);
  } catch (const TraceError& error) {
    fail(": " + std::string(error.what()) + kCopyAgain);
  }
}

void TraceReader::State::fail_at(const FramePlace& place, const TraceError& error) const {
  fail(": " + std::string(error.what()) + " (frame of events " + std::to_string(place.first_event) +
       " to " + std::to_string(place.first_event + place.event_count - 1) + ", at byte " +
       std::to_string(place.at) + ")" + kCopyAgain);
}

TraceReader::State::CachedFrame TraceReader::State::read_frame(const FramePlace& place) const {
  CachedFrame frame;
  frame.place = place;
  try {
    frame.raw = open_frame(read_at(place.at, place.size),
                           {FrameKind::events, place.first_event, place.event_count});
  } catch (const TraceError& error) {
    fail_at(place, error);
  }
  constexpr std::size_t kMostExpected = 4096;  // the count may be damage
  frame.events.reserve(std::min<std::size_t>(place.event_count, kMostExpected));
  return frame;
}

/// The next event of the frame, decoded unless it is a plain call, which is returned.
std::optional<PlainCall> TraceReader::State::find_next(CachedFrame& frame) const {
  const ByteView left = ByteView(frame.raw).subspan(frame.end);
  CachedFrame::Found found{std::uint32_t(frame.end), 0, nullptr};
  std::size_t size = 0;
  const std::size_t distance = distance_at(left);
  const std::optional<DecodedCall> decoded = plain_call_at(left, frame.recent.back(distance));
  try {
    if (decoded) {
      size = decoded->size;
    } else {
      ByteReader in(left);
      found.event = std::make_unique<Event>(decode_event(in));
      size = in.position();
    }
    if (found.event && refers_beyond(*found.event, objects.size())) {
      throw TraceError("damaged: event " +
                       std::to_string(frame.place.first_event + frame.events.size()) +
                       " refers to an object that is not in the table");
    }
    const bool is_last = frame.events.size() + 1 == frame.place.event_count;
    if (is_last && size != left.size()) {
      throw TraceError("damaged: there are bytes after its last event");
    }
  } catch (const TraceError& error) {
    fail_at(frame.place, error);
  }
  if (decoded && distance == 0) {
    frame.places[frame.full_calls++ % RecentCalls::kMost] = found.at;
    frame.recent.add(decoded->call);
  } else if (decoded) {
    found.base = frame.places[(frame.full_calls - distance) % RecentCalls::kMost];
  }
  frame.events.push_back(std::move(found));
  frame.end += size;
  return decoded ? std::optional(decoded->call) : std::nullopt;
}

/// The same call, of an event that was found before.
std::optional<PlainCall> TraceReader::State::call_again(const CachedFrame& frame,
                                                        std::size_t index) {
  const CachedFrame::Found& found = frame.events[index];
  const ByteView at = ByteView(frame.raw).subspan(found.at);
  std::optional<DecodedCall> base;
  if (distance_at(at) != 0) {
    base = plain_call_at(ByteView(frame.raw).subspan(found.base), nullptr);
  }
  const auto decoded = plain_call_at(at, base ? &base->call : nullptr);
  return decoded ? std::optional(decoded->call) : std::nullopt;
}

Fd TraceReader::State::open_object(std::uint32_t index) const {
  if (index >= objects.size()) {
    fail(": it has no object " + std::to_string(index) + ", only " +
         std::to_string(objects.size()) + kCopyAgain);
  }
  const ObjectInfo& object = objects[index];
  const std::string its = ": its object " + object.hash + " (" + object.path + ")";
  if (packed) {
    try {
      return packed->open_object(file.value(), object);
    } catch (const TraceError& error) {
      fail(its + ": " + error.what() + kCopyAgain);
    }
  }
  const std::string name = objects_folder + "/" + object.hash;
  Fd fd(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd && (errno == ENOENT || errno == ENOTDIR)) {
    fail(its + " is missing from " + objects_folder +
         ": copy the objects folder along with the trace");
  }
  struct stat status {};
  if (!fd || ::fstat(fd.value(), &status) != 0) {
    fail(its + " cannot be opened: " + message_of(errno));
  }
  if (!S_ISREG(status.st_mode) || std::uint64_t(status.st_size) != object.size) {
    fail(its + " is damaged in " + objects_folder + " (" + std::to_string(status.st_size) +
         " bytes instead of " + std::to_string(object.size) + "): copy the objects folder again");
  }
  return fd;
}

TraceReader::TraceReader(const std::string& path) : state_(std::make_unique<State>(path)) {}
TraceReader::~TraceReader() = default;
TraceReader::TraceReader(TraceReader&&) noexcept = default;
TraceReader& TraceReader::operator=(TraceReader&&) noexcept = default;

const std::string& TraceReader::path() const { return state_->path; }
const TraceInfo& TraceReader::info() const { return state_->info; }
std::uint64_t TraceReader::event_count() const { return state_->footer.event_count; }
const std::vector<ObjectInfo>& TraceReader::objects() const { return state_->objects; }

bool TraceReader::is_packed() const { return state_->packed.has_value(); }

std::pair<TraceReader::State::CachedFrame*, std::size_t> TraceReader::State::find_frame(
    EventNumber number) {
  const std::uint64_t n = number.value();
  const auto holds = [n](const CachedFrame& frame) {
    return n >= frame.place.first_event && n - frame.place.first_event < frame.place.event_count;
  };
  auto found = std::find_if(cache.begin(), cache.end(), holds);
  if (found == cache.end()) {
    if (n >= footer.event_count) {
      fail(": it has no event " + std::to_string(n) + ", only " +
           std::to_string(footer.event_count));
    }
    const auto after = std::upper_bound(
        frames.begin(), frames.end(), n,
        [](std::uint64_t value, const FramePlace& frame) { return value < frame.first_event; });
    const FramePlace& place = *std::prev(after);
    // Only a frame of one event can be huge: it replaces all others, so that the cache stays small.
    while (cache.size() > (place.event_count == 1 ? 0 : kCachedFrames - 1)) cache.pop_back();
    cache.push_front(read_frame(place));
    found = cache.begin();
  } else if (found != cache.begin()) {
    cache.splice(cache.begin(), cache, found);
  }
  return {&*found, n - found->place.first_event};
}

const Event& TraceReader::event(EventNumber number) {
  const auto [frame, index] = state_->find_frame(number);
  std::optional<PlainCall> call;
  if (index < frame->events.size() && !frame->events[index].event) {
    call = State::call_again(*frame, index);
  }
  while (frame->events.size() <= index) call = state_->find_next(*frame);
  auto& event = frame->events[index].event;
  if (!event) event = std::make_unique<Event>(event_of(*call));
  return *event;
}

std::optional<PlainCall> TraceReader::plain_call(EventNumber number) {
  const auto [frame, index] = state_->find_frame(number);
  if (index < frame->events.size()) return State::call_again(*frame, index);
  std::optional<PlainCall> call;
  while (frame->events.size() <= index) call = state_->find_next(*frame);
  return call;
}

void TraceReader::State::check_contents(const ObjectInfo& object, const Fd& file) const {
  try {
    if (hash_file(file.value(), object.path).hash == object.hash) return;
  } catch (const SystemError& error) {
    fail(": its object " + object.hash + ": " + error.what());
  }
  fail(": its object " + object.hash + " (" + object.path + ") is damaged in " + objects_folder +
       " (other contents): copy the objects folder again");
}

Fd TraceReader::open_object(std::uint32_t index) const {
  Fd fd = state_->open_object(index);
  state_->check_contents(state_->objects.at(index), fd);
  return fd;
}

void TraceReader::verify(const VerifyProgress& progress) {
  const State& s = *state_;
  std::uint64_t all = s.size;
  for (const ObjectInfo& object : s.objects) all += object.size;
  std::uint64_t done = 0;
  const auto advance = [&](std::uint64_t bytes) {
    done += bytes;
    if (progress) progress(done, all);
  };
  for (const FramePlace& place : s.frames) {
    State::CachedFrame frame = s.read_frame(place);
    while (frame.events.size() < place.event_count) s.find_next(frame);
    advance(place.size);
  }
  for (std::uint32_t i = 0; i < s.objects.size(); ++i) {
    open_object(i);
    advance(s.objects[i].size);
  }
}

}  // namespace ttrace
