package dev.tandem.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.Module;
import dev.tandem.ptx.machine.EmulatorOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Random kernels of integers and floating numbers of all widths, divergence, exchanges and shared memory, as nvcc compiles
 * them: each gives, to the last bit, what g++ made of the same source on the host. src/test/cuda/fuzz makes them.
 */
final class FuzzedKernelsTest {
  private static final int BLOCKS = 2;
  private static final int THREADS = 80;

  /** A field of each thread's state: where it lies, and the hash of it over all threads. */
  private record Field(String name, int at, int bytes, String hash) {
    static Field of(String text) {
      String[] parts = text.split(":");
      return new Field(parts[0], Integer.parseInt(parts[1]), Integer.parseInt(parts[2]), parts[3]);
    }

    Field in(byte[] states) {
      int size = states.length / (BLOCKS * THREADS);
      int sum = 0x811c9dc5;
      for (int from = at; from < states.length; from += size) {
        for (int i = from; i < from + bytes; i++) {
          sum = (sum ^ states[i] & 255) * 0x01000193;
        }
      }
      return new Field(name, at, bytes, "%08x".formatted(sum));
    }
  }

  @TestFactory
  Stream<DynamicTest> computes() {
    return Stream.concat(tests("o3.ptx", 36), tests("o0.ptx", 8));
  }

  private static Stream<DynamicTest> tests(String file, int kernels) {
    String ptx = new String(resource(file), StandardCharsets.UTF_8);
    return new String(resource("expected.txt"), StandardCharsets.UTF_8)
        .lines()
        .limit(kernels)
        .map(line -> List.of(line.split(" ")))
        .map(words ->
            DynamicTest.dynamicTest(
                words.getFirst() + " " + file, () -> check(ptx, words.getFirst(), fields(words))));
  }

  private static List<Field> fields(List<String> words) {
    return words.stream().skip(1).map(Field::of).toList();
  }

  private static void check(String ptx, String kernel, List<Field> expected) {
    try (EmulatedDriver driver = EmulatedDriver.open(EmulatorOptions.standard().collecting())) {
      try (Gpu gpu = new Gpu(driver)) {
        Module module = gpu.load("fuzz.ptx", ptx);
        DeviceMemory in = gpu.upload(resource("input.bin"));
        DeviceMemory out = gpu.zeros(in.bytes());
        gpu.kernel(module, kernel).shape(BLOCKS, THREADS).in(in).out(out).bytes(extra(), 8).run();
        byte[] states = gpu.bytes(out);
        assertEquals(expected, expected.stream().map(field -> field.in(states)).toList());
      }
      assertEquals(List.of(), driver.findings(), "right kernels, and yet findings");
    }
  }

  /** The struct that kernels take by value, {@code {int, char, double, short[3]}} as host.h fills it. */
  private static MemorySegment extra() {
    ByteBuffer bytes = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(0, -5).put(4, (byte) 7).putDouble(8, 2.5);
    bytes.putShort(16, (short) 1).putShort(18, (short) -2).putShort(20, (short) 3);
    return MemorySegment.ofArray(bytes.array());
  }

  private static byte[] resource(String name) {
    try (InputStream in = FuzzedKernelsTest.class.getResourceAsStream("fuzz/" + name)) {
      if (in == null) {
        throw new IllegalStateException(
            "fuzzed kernels: there is no " + name + "; run src/test/cuda/fuzz/make.sh");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
