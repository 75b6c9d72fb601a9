package dev.tandem.containers;

import dev.tandem.driver.SharedObject;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A {@code libcuda.so.1} that answers a few questions and does nothing: a driver in the wrong state, for any Linux on x86-64. */
final class StubDriver {
  /** CUDA_ERROR_STUB_LIBRARY, what the toolkit's library for linkers answers. */
  private static final int STUB_LIBRARY = 34;

  /** What a function does: writes a number where its first argument points to, if it has one to say, and returns a CUresult. */
  private record Answer(int result, Optional<Integer> written) {
    static Answer returning(int result) {
      return new Answer(result, Optional.empty());
    }

    static Answer writing(int number) {
      return new Answer(0, Optional.of(number));
    }

    void code(ByteBuffer image) {
      written.ifPresent(number -> {
        image.put((byte) 0xc7).put((byte) 0x07).putInt(number); // mov dword [rdi], number
      });
      image.put((byte) 0xb8).putInt(result).put((byte) 0xc3); // mov eax, result; ret
    }
  }

  private StubDriver() {}

  /** The driver of a version of CUDA, 12060 for 12.6, with one device and no more than these three functions. */
  static byte[] ofVersion(int version) {
    return library(
        Map.of(
            "cuInit", Answer.returning(0),
            "cuDriverGetVersion", Answer.writing(version),
            "cuDeviceGetCount", Answer.writing(1)));
  }

  /** What lies in the toolkit's folder lib64/stubs. */
  static byte[] ofToolkit() {
    return library(
        Map.of(
            "cuInit", Answer.returning(STUB_LIBRARY),
            "cuDriverGetVersion", Answer.returning(STUB_LIBRARY),
            "cuDeviceGetCount", Answer.returning(STUB_LIBRARY)));
  }

  /** One that loads, and has nothing in it that a driver has. */
  static byte[] empty() {
    return library(Map.of("notCuda", Answer.returning(0)));
  }

  private static byte[] library(Map<String, Answer> functions) {
    Map<String, Answer> ordered = new LinkedHashMap<>(functions);
    List<Answer> answers = new ArrayList<>(ordered.values());
    return SharedObject.of(
        "libcuda.so.1",
        Optional.empty(),
        List.copyOf(ordered.keySet()),
        (image, function, _) -> answers.get(function).code(image));
  }
}
