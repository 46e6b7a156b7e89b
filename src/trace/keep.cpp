#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <optional>

#include "trace/container.h"
#include "trace/new_file.h"
#include "trace/object_store.h"
#include "trace/recording.h"
#include "trace/store.h"
#include "trace/table.h"

namespace ttrace {
namespace {

/// Makes a directory and those above it (0700), and removes again what it made unless released.
class Directories {
 public:
  explicit Directories(const std::filesystem::path& path) {
    std::filesystem::path so_far;
    for (const std::filesystem::path& part : path) {
      so_far /= part;
      if (::mkdir(so_far.c_str(), 0700) == 0) {
        made_.push_back(so_far.string());
      } else if (errno != EEXIST) {
        const int error = errno;
        undo();
        throw_cannot_write(so_far.string(), error);
      }
    }
  }
  ~Directories() { undo(); }
  Directories(const Directories&) = delete;
  Directories& operator=(const Directories&) = delete;
  void release() { made_.clear(); }

 private:
  void undo() {
    for (; !made_.empty(); made_.pop_back()) ::rmdir(made_.back().c_str());
  }
  std::vector<std::string> made_;
};

/// Removes the objects that were added for a trace that did not come about, unless another trace
/// has come to use them.
class AddedObjects {
 public:
  AddedObjects(const ObjectStore& store, int directory, std::string directory_name)
      : store_(&store), directory_(directory), directory_name_(std::move(directory_name)) {}
  ~AddedObjects() {
    if (store_ == nullptr) return;
    try {
      undo();
    } catch (const std::exception&) {
      // Whole objects without a trace: harmless, and "ttrace rm" removes them later.
    }
  }
  AddedObjects(const AddedObjects&) = delete;
  AddedObjects& operator=(const AddedObjects&) = delete;
  void release() { store_ = nullptr; }

 private:
  void undo() {
    // Others that write here now may count on these objects; then they stay.
    if (!lock_folder(store_->folder(), LOCK_EX, std::chrono::milliseconds(0))) return;
    const ObjectUse use = objects_in_use(directory_name_);
    for (const std::string& name : store_->added()) {
      if (!use.hashes.contains(name)) ::unlinkat(store_->folder(), name.c_str(), 0);
    }
    ::unlinkat(directory_, kObjectsName, AT_REMOVEDIR);  // Fails unless it is empty.
  }

  const ObjectStore* store_;
  int directory_;
  std::string directory_name_;
};

/// A file that holds what was spilled. The spilled file itself becomes the trace, unless it is one
/// already: then it is copied.
std::unique_ptr<NewFile> begin_file(int directory, const std::string& directory_name,
                                    const SpillFile* spilled) {
  if (spilled == nullptr) return std::make_unique<NewFile>(directory, directory_name);
  struct stat status {};
  const bool is_kept = ::fstat(spilled->fd(), &status) == 0 && status.st_nlink > 0;
  if (!is_kept) {
    Fd same(::fcntl(spilled->fd(), F_DUPFD_CLOEXEC, 3));
    if (!same) throw_cannot_write(directory_name, errno);
    return std::make_unique<NewFile>(directory, directory_name, std::move(same), spilled->size());
  }
  auto file = std::make_unique<NewFile>(directory, directory_name);
  copy_contents(spilled->fd(), directory_name, *file);
  file->truncate(spilled->size());
  return file;
}

void write_trace(NewFile& file, const Recording& recording, const TraceInfo& info,
                 const std::vector<ObjectInfo>& objects) {
  Footer footer{};
  std::vector<FramePlace> index;
  const auto write = [&](const Bytes& bytes) {
    file.write(bytes);
    footer.file_size = file.size();
    return bytes.size();
  };

  const HeaderPayload header{info.writer, info.cpu_features};
  if (const SpillFile* spilled = recording.spilled()) {
    file.overwrite(0, make_header(header, kRoomyHeader));
    footer.file_size = file.size();
    footer.event_count = spilled->event_count();
    index = spilled->frames();
  } else {
    write(make_header(header));
  }
  ByteView events = recording.encoded_events();
  for (const Recording::Frame& frame : recording.frames()) {
    FramePlace place{footer.file_size, 0, footer.event_count, frame.event_count};
    place.size = write(make_frame(FrameKind::events, place.first_event, frame.event_count,
                                  events.first(frame.size)));
    events = events.subspan(frame.size);
    footer.event_count += frame.event_count;
    index.push_back(place);
  }
  footer.objects_at = footer.file_size;
  write(make_frame(FrameKind::objects, 0, 0, encode_objects(objects)));
  footer.metadata_at = footer.file_size;
  write(make_frame(FrameKind::metadata, 0, 0, bytes_of(std::string_view(to_json(info)))));
  footer.index_at = footer.file_size;
  write(make_frame(FrameKind::index, 0, 0, encode_index(index)));
  footer.file_size += sizeof(Footer);
  file.write(make_footer(footer));
}

}  // namespace

void keep(const Recording& recording, const TraceInfo& info, const std::string& path) {
  const std::filesystem::path split(path);
  const std::string name = split.filename().string();
  if (name.empty() || name == "." || name == "..") {
    throw UsageError("\"" + path + "\" names no file: a trace needs a name");
  }
  const std::string directory_name =
      split.has_parent_path() ? split.parent_path().string() : std::string(".");

  // In this order, so that a trace that can be seen has all its objects; undone in reverse.
  Directories directories(directory_name);
  const Fd directory(::open(directory_name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) throw_cannot_write(directory_name, errno);

  std::optional<ObjectStore> store;
  std::optional<AddedObjects> added;
  std::vector<ObjectInfo> objects;
  if (!recording.objects().empty()) {
    store.emplace(directory.value(), directory_name);
    added.emplace(*store, directory.value(), directory_name);
    for (const RecordedObject& object : recording.objects()) objects.push_back(store->put(object));
  }
  const std::unique_ptr<NewFile> file =
      begin_file(directory.value(), directory_name, recording.spilled());
  write_trace(*file, recording, info, objects);
  file->publish(name);

  if (added) added->release();
  directories.release();
}

}  // namespace ttrace
