package dev.tandem.ptx;

import static dev.tandem.ptx.PlantedBug.From.IN;
import static dev.tandem.ptx.PlantedBug.From.OUT;
import static dev.tandem.ptx.PlantedBug.From.ZERO;
import static dev.tandem.ptx.machine.Finding.Kind.MISALIGNED;
import static dev.tandem.ptx.machine.Finding.Kind.OUTSIDE_ARGUMENT;
import static dev.tandem.ptx.machine.Finding.Kind.OUT_OF_BOUNDS;
import static dev.tandem.ptx.machine.Finding.Kind.READ_ONLY_WRITE;
import static dev.tandem.ptx.machine.Finding.Kind.UNINITIALISED;

import dev.tandem.ptx.machine.Finding;
import java.util.List;

/** Bugs of single accesses: where they go, how they are aligned, what they read. */
final class MemoryBugs {
  private MemoryBugs() {}

  static List<PlantedBug> all() {
    return List.of(
        bounds("past_end_read")
            .shape(2, 50)
            .in(100, i -> i)
            .out(100, i -> i < 99 ? 2 * i + 1 : 99)
            .by(1, 49)
            .at(IN, 400),
        bounds("past_end_write")
            .shape(2, 64)
            .in(100, i -> i)
            .out(100, i -> 2 * i)
            .by(1, 36)
            .at(OUT, 400),
        bounds("before_start")
            .shape(3, 40)
            .in(110, i -> i * i)
            .out(110, i -> i == 0 ? 0 : 2 * i - 1)
            .by(0, 0)
            .at(IN, -4),
        bounds("far_wild")
            .shape(1, 64)
            .in(50, i -> i == 33 ? -7 : i)
            .out(50, i -> i == 33 ? -7 : i)
            .unpromised()
            .by(0, 33)
            .at(OUT, 4 * 0xffff_fff9L),
        bounds("vector_tail").in(10, i -> i).out(3, i -> 8 * i + 1).by(0, 2).at(IN, 32),
        bounds("shared_static")
            .shape(1, 64)
            .in(64, i -> i * 3)
            .out(64, i -> (i + 1) % 64 * 3)
            .by(0, 63),
        bounds("shared_before")
            .shape(1, 64)
            .in(64, i -> i * 3)
            .out(64, i -> (i + 63) % 64 * 3)
            .by(0, 0),
        bounds("shared_dynamic")
            .shape(1, 48)
            .shared(192)
            .in(48, i -> i)
            .out(48, i -> 47 - i)
            .by(0, 24),
        bounds("shared_generic")
            .shape(1, 64)
            .shared(256)
            .in(64, i -> i + 5)
            .out(64, i -> (i + 60) % 64 + 5),
        bounds("local_array")
            .in(32, i -> i == 19 ? 8 : i % 8)
            .out(32, i -> i == 19 ? 0 : i % 8 * i)
            .by(0, 19),
        bounds("local_write")
            .in(8, i -> i == 7 ? 5 : 1 + i % 3)
            .shape(1, 2)
            .out(2, i -> i == 0 ? 2240 : 224)
            .by(0, 0),
        bounds("constant_end")
            .in(32, i -> i == 30 ? 16 : i % 16)
            .out(32, i -> "3141592653589793".charAt(i == 30 ? 0 : i % 16) - '0')
            .by(0, 30),
        bounds("module_array")
            .in(32, i -> i == 17 ? 10 : i % 10)
            .out(32, i -> i == 17 ? 9 : 9 - i % 10)
            .by(0, 17),
        bounds("atomic_bin")
            .in(32, i -> i == 8 ? 16 : i % 16)
            .outFilled(16)
            .out(16, i -> i == 0 ? 3 : i == 8 ? 1 : 2)
            .by(0, 8)
            .at(OUT, 64),
        bounds("null_pointer")
            .in(32, i -> i)
            .out(32, i -> i)
            .third(PlantedBug.Third.NULL)
            .at(ZERO, 0),
        bounds("null_member")
            .in(32, i -> i == 21 ? -1 : i)
            .out(32, i -> i == 21 ? -1 : i)
            .third(PlantedBug.Third.NULL)
            .by(0, 21)
            .at(ZERO, 12),
        new PlantedBug("no_lines", "bare_write", OUT_OF_BOUNDS)
            .shape(3, 32)
            .in(1, i -> 0)
            .n(70)
            .out(70, i -> 7 * i)
            .by(2, 6)
            .at(OUT, 280),
        arguments("outside_read", OUTSIDE_ARGUMENT)
            .in(48, i -> i)
            .n(32)
            .promised(32, 32)
            .out(32, i -> Math.min(i + 1, 31))
            .by(0, 31)
            .at(IN, 128),
        arguments("outside_write", OUTSIDE_ARGUMENT)
            .shape(2, 32)
            .in(1, i -> 0)
            .n(50)
            .promised(1, 50)
            .out(64, 50, i -> 5 - i)
            .by(1, 18)
            .at(OUT, 200),
        arguments("read_only", READ_ONLY_WRITE)
            .in(32, i -> i)
            .out(32, i -> i == 3 ? 0 : i + 1)
            .by(0, 3)
            .at(IN, 12),
        arguments("read_only_atomic", READ_ONLY_WRITE).in(32, i -> i).out(32, i -> i).at(IN, 0),
        arguments("misaligned_vector", MISALIGNED)
            .shape(1, 8)
            .in(36, i -> i)
            .out(8, i -> 16 * i + 6)
            .by(0, 0)
            .at(IN, 4),
        arguments("misaligned_word", MISALIGNED)
            .shape(1, 20)
            .in(32, i -> i)
            .out(20, MemoryBugs::bytesFrom)
            .by(0, 1)
            .at(IN, 3),
        arguments("misaligned_shared", MISALIGNED).in(32, i -> i).out(32, i -> i),
        arguments("misaligned_atomic", MISALIGNED)
            .in(32, i -> i * 5)
            .out(48, 32, i -> i * 5)
            .by(0, 1)
            .at(OUT, 6),
        arguments("misaligned_stack", MISALIGNED)
            .shape(1, 16)
            .in(16, MemoryBugs::evenOrThree)
            .out(16, MemoryBugs::pairOfWords)
            .by(0, 9),
        uninitialised("fresh").in(32, i -> i).inWritten(0).out(32, i -> i + 1).by(0, 0).at(IN, 0),
        uninitialised("half_written")
            .in(32, i -> i)
            .inWritten(16)
            .out(32, i -> i < 16 ? 3 * i : 0)
            .by(0, 16)
            .at(IN, 64),
        uninitialised("part_filled")
            .shape(2, 32)
            .in(50, i -> i)
            .outFilled(49)
            .out(50, i -> i)
            .by(1, 17)
            .at(OUT, 196),
        uninitialised("half_word")
            .shape(1, 16)
            .in(32, i -> i)
            .inWritten(31)
            .out(16, i -> i)
            .by(0, 15)
            .at(IN, 120),
        uninitialised("shared_element")
            .shape(1, 64)
            .in(64, i -> i)
            .out(64, i -> i == 63 ? 63 : 2 * i + 1)
            .by(0, 63),
        uninitialised("shared_tile")
            .shape(2, 64)
            .in(100, i -> 1)
            .out(2, i -> i == 0 ? 64 : 36)
            .by(1, 0),
        uninitialised("shared_atomic").in(32, i -> i).out(8, i -> 4),
        uninitialised("local_part").shape(1, 8).in(8, i -> i * 2).out(8, i -> i).by(0, 0),
        uninitialised("local_stack").shape(1, 24).in(20, i -> i).out(24, i -> i < 19 ? 19 : -1));
  }

  /** Four bytes from 3 * i on, of words that hold their own index. */
  private static int bytesFrom(int i) {
    int word = 0;
    for (int j = 0; j < 4; j++) {
      int at = 3 * i + j;
      word |= (at % 4 == 0 ? at / 4 : 0) << 8 * j;
    }
    return word;
  }

  /** The exclusive or of two words of a thread's stack, which holds the input plus the thread's number. */
  private static int pairOfWords(int thread) {
    int at = thread < 9 ? 2 * (thread / 2) : 2;
    return (evenOrThree(at) + thread) ^ (evenOrThree(at + 1) + thread);
  }

  private static int evenOrThree(int i) {
    return i < 9 ? 2 * (i / 2) : 3;
  }

  private static PlantedBug bounds(String name) {
    return new PlantedBug("bounds", name, OUT_OF_BOUNDS);
  }

  private static PlantedBug arguments(String name, Finding.Kind kind) {
    return new PlantedBug("arguments", name, kind);
  }

  private static PlantedBug uninitialised(String name) {
    return new PlantedBug("uninitialised", name, UNINITIALISED);
  }
}
