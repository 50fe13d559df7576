//===----------------------------------------------------------------------===//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "CompiledCode.h"
#include "ravel/Execution/FileIO.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"

using namespace ravel;

/// First line of an entry; then the SHA-256 of the entry's name and the rest,
/// the size of the description, the description as JSON, and the object.
static constexpr llvm::StringLiteral kMagic = "ravel-code-4\n";

static llvm::json::Value toJSON(const Argument &argument) {
  return llvm::json::Object{{"role", static_cast<int>(argument.role)},
                            {"layout", static_cast<int>(argument.layout)},
                            {"dtype", static_cast<int>(argument.dtype)},
                            {"shape", llvm::json::Array(argument.shape)},
                            {"name", argument.name},
                            {"numClasses", argument.numClasses},
                            {"carry", argument.carry},
                            {"gradientOf", argument.gradientOf},
                            {"lengthClass", argument.lengthClass},
                            {"memoryClass", argument.memoryClass},
                            {"end", argument.end},
                            {"reserved", argument.reserved}};
}

static llvm::json::Value toJSON(const Decoding &decoding) {
  return llvm::json::Object{{"until", decoding.until},
                            {"max", decoding.max},
                            {"states", decoding.states},
                            {"examples", decoding.examples},
                            {"outputs", decoding.outputs}};
}

static bool fromJSON(const llvm::json::Value &value, Decoding &decoding,
                     llvm::json::Path path) {
  llvm::json::ObjectMapper map(value, path);
  return map && map.map("until", decoding.until) &&
         map.map("max", decoding.max) && map.map("states", decoding.states) &&
         map.map("examples", decoding.examples) &&
         map.map("outputs", decoding.outputs);
}

static bool fromJSON(const llvm::json::Value &value, Shape &shape) {
  const llvm::json::Array *array = value.getAsArray();
  if (!array)
    return false;
  for (const llvm::json::Value &size : *array) {
    std::optional<int64_t> number = size.getAsInteger();
    if (!number)
      return false;
    shape.push_back(*number);
  }
  return true;
}

static bool fromJSON(const llvm::json::Value &value, Argument &argument,
                     llvm::json::Path path) {
  llvm::json::ObjectMapper map(value, path);
  int role, layout, dtype;
  if (!map || !map.map("role", role) || !map.map("layout", layout) ||
      !map.map("dtype", dtype) || !map.map("name", argument.name) ||
      !map.map("numClasses", argument.numClasses) ||
      !map.map("carry", argument.carry) ||
      !map.map("gradientOf", argument.gradientOf) ||
      !map.map("lengthClass", argument.lengthClass) ||
      !map.map("memoryClass", argument.memoryClass) ||
      !map.map("end", argument.end) || !map.map("reserved", argument.reserved))
    return false;
  argument.role = static_cast<Role>(role);
  argument.layout = static_cast<RowLayout>(layout);
  argument.dtype = static_cast<DType>(dtype);
  const llvm::json::Value *shape = value.getAsObject()->get("shape");
  return shape && fromJSON(*shape, argument.shape);
}

static llvm::json::Value describe(const CompiledCode &code) {
  llvm::json::Array signatures, manifest;
  for (const Signature &signature : code.signatures) {
    llvm::json::Array arguments;
    for (const Argument &argument : signature.arguments)
      arguments.push_back(toJSON(argument));
    llvm::json::Object object{
        {"name", signature.name},
        {"arguments", std::move(arguments)},
        {"hasWorkspace", signature.hasWorkspace},
        {"preparedBytes", llvm::json::Array(signature.preparedBytes)},
        {"preparationHasWorkspace", signature.preparationHasWorkspace}};
    if (signature.decoding)
      object["decoding"] = toJSON(*signature.decoding);
    signatures.push_back(std::move(object));
  }
  for (const ManifestEntry &entry : code.manifest)
    manifest.push_back(
        llvm::json::Object{{"name", entry.spec.name},
                           {"shape", llvm::json::Array(entry.spec.shape)},
                           {"trainable", entry.spec.trainable},
                           {"sparseInputs", entry.spec.sparseInputs},
                           {"initializer", entry.initializer}});
  return llvm::json::Object{{"signatures", std::move(signatures)},
                            {"manifest", std::move(manifest)}};
}

static bool readDescription(const llvm::json::Value &value,
                            CompiledCode &code) {
  const llvm::json::Object *object = value.getAsObject();
  const llvm::json::Array *signatures =
      object ? object->getArray("signatures") : nullptr;
  const llvm::json::Array *manifest =
      object ? object->getArray("manifest") : nullptr;
  if (!signatures || !manifest)
    return false;
  llvm::json::Path::Root root;
  for (const llvm::json::Value &item : *signatures) {
    Signature signature;
    llvm::json::ObjectMapper map(item, root);
    const llvm::json::Object *fields = item.getAsObject();
    const llvm::json::Array *arguments =
        fields ? fields->getArray("arguments") : nullptr;
    if (!map || !map.map("name", signature.name) ||
        !map.map("hasWorkspace", signature.hasWorkspace) ||
        !map.map("preparedBytes", signature.preparedBytes) ||
        !map.map("preparationHasWorkspace",
                 signature.preparationHasWorkspace) ||
        !arguments)
      return false;
    for (const llvm::json::Value &argument : *arguments)
      if (!fromJSON(argument, signature.arguments.emplace_back(), root))
        return false;
    if (const llvm::json::Value *decoding = fields->get("decoding"))
      if (!fromJSON(*decoding, signature.decoding.emplace(), root))
        return false;
    code.signatures.push_back(std::move(signature));
  }
  for (const llvm::json::Value &item : *manifest) {
    ManifestEntry entry;
    llvm::json::ObjectMapper map(item, root);
    if (!map || !map.map("name", entry.spec.name) ||
        !map.map("trainable", entry.spec.trainable) ||
        !map.map("sparseInputs", entry.spec.sparseInputs) ||
        !map.map("initializer", entry.initializer))
      return false;
    const llvm::json::Value *shape = item.getAsObject()->get("shape");
    if (!shape || !fromJSON(*shape, entry.spec.shape))
      return false;
    code.manifest.push_back(std::move(entry));
  }
  return true;
}

/// The digest of an entry. Its name, which is the key, is part of it, so that a
/// file that was copied over another is told from what belongs there.
static std::string digest(llvm::StringRef path, llvm::StringRef bytes) {
  llvm::SHA256 hash;
  hash.update(llvm::sys::path::filename(path));
  hash.update(bytes);
  return llvm::toHex(hash.final(), /*LowerCase=*/true);
}

std::optional<CompiledCode> CompiledCode::read(llvm::StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return std::nullopt;
  llvm::StringRef bytes = (*buffer)->getBuffer();
  constexpr size_t digestSize = 64;
  if (!bytes.consume_front(kMagic) || bytes.size() < digestSize ||
      bytes.take_front(digestSize) !=
          digest(path, bytes.drop_front(digestSize)))
    return std::nullopt;
  bytes = bytes.drop_front(digestSize);
  uint64_t size;
  if (bytes.consumeInteger(10, size) || !bytes.consume_front("\n") ||
      size > bytes.size())
    return std::nullopt;
  llvm::Expected<llvm::json::Value> description =
      llvm::json::parse(bytes.take_front(size));
  if (!description) {
    llvm::consumeError(description.takeError());
    return std::nullopt;
  }
  CompiledCode code;
  if (!readDescription(*description, code))
    return std::nullopt;
  code.object = bytes.drop_front(size).str();
  return code;
}

void CompiledCode::write(llvm::StringRef path) const {
  if (llvm::sys::fs::create_directories(llvm::sys::path::parent_path(path)))
    return;
  std::string description;
  llvm::raw_string_ostream(description) << describe(*this);
  std::string rest =
      std::to_string(description.size()) + "\n" + description + object;
  llvm::consumeError(
      writeFileAtomically(path, kMagic.str() + digest(path, rest) + rest));
}
