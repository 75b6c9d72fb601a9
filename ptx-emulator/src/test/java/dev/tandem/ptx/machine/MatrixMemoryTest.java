package dev.tandem.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Matrices between memory and registers: ldmatrix, stmatrix, and whole products with wmma. */
class MatrixMemoryTest {
  /** Rows lie 48 bytes apart, so that nothing depends on their being dense. */
  private static final String ROWS = ".shared .align 16 .b8 rows[1536];\n";

  /** Puts the address of the lane's row in %r10. */
  private static final String ROW = "mov.u32 %r11, rows; mad.lo.s32 %r10, %r0, 48, %r11;\n";

  /** Fills lane l's row with 8l, 8l + 1, ... 8l + 7. */
  private static String fillRows() {
    StringBuilder text = new StringBuilder(ROW).append("shl.b32 %r12, %r0, 3;\n");
    for (int word = 0; word < 4; word++) {
      text.append(
          """
          add.s32 %%r13, %%r12, %d;
          add.s32 %%r14, %%r12, %d;
          shl.b32 %%r14, %%r14, 16;
          or.b32 %%r13, %%r13, %%r14;
          st.shared.b32 [%%r10+%d], %%r13;
          """
              .formatted(2 * word, 2 * word + 1, 4 * word));
    }
    return text.append("bar.sync 0;\n").toString();
  }

  /** Stores registers from %r20 on to the lane's own part of the array. */
  private static String keep(int registers) {
    StringBuilder text =
        new StringBuilder(
            "mul.wide.u32 %rd10, %r0, " + 4 * registers + "; add.s64 %rd10, %rd1, %rd10;\n");
    for (int i = 0; i < registers; i++) {
      text.append("st.global.b32 [%rd10+")
          .append(4 * i)
          .append("], %r")
          .append(20 + i)
          .append(";\n");
    }
    return text.toString();
  }

  private static String registers(int from, int count) {
    StringBuilder text = new StringBuilder("{");
    for (int i = 0; i < count; i++) {
      text.append(i == 0 ? "%r" : ", %r").append(from + i);
    }
    return text.append('}').toString();
  }

  /** What register {@code matrix} of a lane holds, from the figures of the PTX ISA for ldmatrix. */
  private static int held(int matrix, int lane, boolean transposed) {
    int word = 0;
    for (int half = 0; half < 2; half++) {
      int row = transposed ? 2 * (lane % 4) + half : lane / 4;
      int column = transposed ? lane / 4 : 2 * (lane % 4) + half;
      word |= (64 * matrix + 8 * row + column) << 16 * half;
    }
    return word;
  }

  @ParameterizedTest
  @CsvSource({"1, false", "2, false", "4, false", "1, true", "2, true", "4, true"})
  void ldmatrix(int count, boolean transposed) {
    String trans = transposed ? ".trans" : "";
    String load =
        "ldmatrix.sync.aligned.m8n8.x%d%s.shared.b16 %s, [%%r10];\n"
            .formatted(count, trans, registers(20, count));
    Trial trial = Trial.of(ROWS, fillRows() + load + keep(count), Trial.options()).run(1, 32);
    int[] expected = new int[32 * count];
    for (int lane = 0; lane < 32; lane++) {
      for (int matrix = 0; matrix < count; matrix++) {
        expected[lane * count + matrix] = held(matrix, lane, transposed);
      }
    }
    assertArrayEquals(expected, trial.ints(32 * count));
    assertEquals(List.of(), trial.findings());
  }

  @Test
  void ldmatrixMayOverwriteItsAddressAndTakeAGenericOne() {
    String load =
        """
        cvt.u64.u32 %rd11, %r10;
        cvta.shared.u64 %rd12, %rd11;
        ldmatrix.sync.aligned.m8n8.x1.b16 {%r20}, [%rd12];
        ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r21, %r10, %r22, %r23}, [%r10];
        mov.b32 %r21, %r10;
        """;
    int[] kept = Trial.of(ROWS, fillRows() + load + keep(2), Trial.options()).run(1, 32).ints(64);
    for (int lane = 0; lane < 32; lane++) {
      assertEquals(held(0, lane, false), kept[2 * lane]);
      assertEquals(held(1, lane, false), kept[2 * lane + 1]);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void stmatrixAndBack(boolean transposed) {
    String body =
        ROW
            + """
            mov.u32 %r20, %r0;
            add.u32 %r21, %r0, 0x1000100;
            bar.sync 0;
            stmatrix.sync.aligned.m8n8.x2.trans.shared.b16 [%r10], {%r20, %r21};
            bar.sync 0;
            setp.lt.u32 %p1, %r0, 16;
            @!%p1 ret;
            ld.shared.b32 %r20, [%r10];
            ld.shared.b32 %r21, [%r10+4];
            ld.shared.b32 %r22, [%r10+8];
            ld.shared.b32 %r23, [%r10+12];
            """
                .replace(transposed ? "" : ".trans", "")
            + keep(4);
    int[] kept = Trial.of(ROWS, body, Trial.options()).run(1, 32).ints(64);
    for (int row = 0; row < 16; row++) {
      for (int column = 0; column < 8; column++) {
        int across = transposed ? column : row % 8;
        int along = transposed ? row % 8 : column;
        int lane = 4 * across + along / 2;
        int given = row < 8 ? lane : lane + 0x1000100;
        int expected = given >>> 16 * (along % 2) & 0xffff;
        assertEquals(
            expected,
            kept[4 * row + column / 2] >>> 16 * (column % 2) & 0xffff,
            row + ", " + column);
      }
    }
  }

  @Test
  void rowsMustBeAlignedAndWritten() {
    String load = "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r20}, [%r10+8];\n";
    Trial crooked = Trial.of(ROWS, fillRows() + load, Trial.options());
    assertThrows(KernelFault.class, () -> crooked.run(1, 32));
    assertEquals(Finding.Kind.MISALIGNED, crooked.findings().getFirst().kind());
    Trial empty =
        Trial.of(ROWS, ROW + load.replace("+8", "") + keep(1), Trial.options()).run(1, 32);
    assertEquals(Finding.Kind.UNINITIALISED, empty.findings().getFirst().kind());
  }

  @Test
  void allLanesMustTakePart() {
    String body =
        """
        mov.u32 %r20, %r0;
        setp.lt.u32 %p1, %r0, 5;
        @%p1 movmatrix.sync.aligned.m8n8.trans.b16 %r20, %r20;
        """;
    Trial trial = Trial.of(body + keep(1)).run(1, 32);
    Finding finding = trial.findings(Finding.Kind.SHUFFLE).getFirst();
    assertTrue(finding.message().contains("32 lanes"), finding.message());
    assertEquals(31, trial.ints(32)[31]);
  }

  /** Registers of A, B, C as the PTX ISA has them for wmma. */
  private record Form(String shape, String type, String result, int a, int b, int c) {
    int m() {
      return Integer.parseInt(shape.substring(1, shape.indexOf('n')));
    }

    int n() {
      return Integer.parseInt(shape.substring(shape.indexOf('n') + 1, shape.indexOf('k')));
    }

    int k() {
      return Integer.parseInt(shape.substring(shape.indexOf('k') + 1));
    }
  }

  private static int bytes(String type) {
    return switch (type) {
      case "f16", "bf16" -> 2;
      case "s8", "u8" -> 1;
      default -> 4;
    };
  }

  private static int encode(String type, int value) {
    return switch (type) {
      case "f16" -> Float.floatToFloat16(value) & 0xffff;
      case "bf16" -> Float.floatToRawIntBits(value) >>> 16;
      case "f32", "tf32" -> Float.floatToRawIntBits(value);
      case "s8", "u8" -> value & 0xff;
      default -> value;
    };
  }

  private static int decode(String type, int word) {
    return switch (type) {
      case "f16" -> (int) Float.float16ToFloat((short) word);
      case "f32" -> (int) Float.intBitsToFloat(word);
      default -> word;
    };
  }

  /** A matrix in memory, its rows or columns some elements further apart than they are long. */
  private record Stored(String type, boolean byRow, int rows, int columns, int at) {
    int leading() {
      return (byRow ? columns : rows) + 16 / bytes(type);
    }

    int place(int row, int column) {
      return at + bytes(type) * (byRow ? row * leading() + column : column * leading() + row);
    }

    int end() {
      return at + bytes(type) * leading() * (byRow ? rows : columns);
    }

    void write(int[] memory, int[][] values) {
      for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
          int to = place(row, column);
          memory[to / 4] |= encode(type, values[row][column]) << to % 4 * 8;
        }
      }
    }

    int read(int[] memory, int row, int column) {
      int from = place(row, column);
      return decode(type, memory[from / 4] >>> from % 4 * 8);
    }

    String layout() {
      return byRow ? "row" : "col";
    }
  }

  private static int[][] random(Random random, int rows, int columns, boolean negative) {
    int[][] matrix = new int[rows][columns];
    for (int[] row : matrix) {
      for (int i = 0; i < columns; i++) {
        row[i] = random.nextInt(negative ? -7 : 0, 8);
      }
    }
    return matrix;
  }

  @ParameterizedTest
  @CsvSource({
    "m16n16k16, f16, f32, 8, 8, 8",
    "m16n16k16, f16, f16, 8, 8, 4",
    "m32n8k16, f16, f32, 8, 8, 8",
    "m32n8k16, f16, f16, 8, 8, 4",
    "m8n32k16, f16, f32, 8, 8, 8",
    "m16n16k16, bf16, f32, 4, 4, 8",
    "m32n8k16, bf16, f32, 8, 2, 8",
    "m8n32k16, bf16, f32, 2, 8, 8",
    "m16n16k8, tf32, f32, 4, 4, 8",
    "m16n16k16, s8, s32, 2, 2, 8",
    "m32n8k16, s8, s32, 4, 1, 8",
    "m8n32k16, u8, s32, 1, 4, 8"
  })
  void wmma(String shape, String type, String result, int a, int b, int c) {
    Form form = new Form(shape, type, result, a, b, c);
    for (int layouts = 0; layouts < 8; layouts++) {
      wmma(form, (layouts & 1) != 0, (layouts & 2) != 0, (layouts & 4) != 0);
    }
  }

  private static void wmma(Form form, boolean rowA, boolean rowB, boolean rowC) {
    int m = form.m();
    int n = form.n();
    int k = form.k();
    boolean negative = !form.type().equals("u8");
    Random random = new Random(form.hashCode());
    int[][] a = random(random, m, k, negative);
    int[][] b = random(random, k, n, negative);
    int[][] c = random(random, m, n, true);
    Stored inA = new Stored(form.type(), rowA, m, k, 0);
    Stored inB = new Stored(form.type(), rowB, k, n, inA.end());
    Stored inC = new Stored(form.result(), rowC, m, n, inB.end());
    Stored out = new Stored(form.result(), !rowC, m, n, inC.end());
    int[] memory = new int[out.end() / 4];
    inA.write(memory, a);
    inB.write(memory, b);
    inC.write(memory, c);
    String types =
        form.type().equals("f16")
            ? form.result() + "." + form.result()
            : String.join(".", form.result(), form.type(), form.type(), form.result());
    String body =
        load("a", form, inA, 10, form.a())
            + load("b", form, inB, 20, form.b())
            + load("c", form, inC, 30, form.c())
            + "wmma.mma.sync.aligned.%s.%s.%s.%s %s, %s, %s, %s;\n"
                .formatted(
                    inA.layout(),
                    inB.layout(),
                    form.shape(),
                    types,
                    registers(40, form.c()),
                    registers(10, form.a()),
                    registers(20, form.b()),
                    registers(30, form.c()))
            + "wmma.store.d.sync.aligned.%s.%s.global.%s [%%rd1+%d], %s, %d;\n"
                .formatted(
                    out.layout(),
                    form.shape(),
                    form.result(),
                    out.at(),
                    registers(40, form.c()),
                    out.leading());
    Trial trial = Trial.of(body).set(memory).run(1, 32);
    int[] after = trial.ints(memory.length);
    for (int row = 0; row < m; row++) {
      for (int column = 0; column < n; column++) {
        int sum = c[row][column];
        for (int i = 0; i < k; i++) {
          sum += a[row][i] * b[i][column];
        }
        assertEquals(sum, out.read(after, row, column), form + " at " + row + ", " + column);
      }
    }
    assertEquals(List.of(), trial.findings());
  }

  private static String load(String role, Form form, Stored from, int register, int count) {
    return "wmma.load.%s.sync.aligned.%s.%s.global.%s %s, [%%rd1+%d], %d;\n"
        .formatted(
            role,
            from.layout(),
            form.shape(),
            from.type(),
            registers(register, count),
            from.at(),
            from.leading());
  }

  @Test
  void wmmaOfDoublesWithoutStrides() {
    String body =
        """
        setp.lt.u32 %p1, %r0, 32;
        cvt.rn.f64.s32 %fd1, %r0;
        mul.wide.u32 %rd10, %r0, 8;
        add.s64 %rd10, %rd1, %rd10;
        st.global.f64 [%rd10], %fd1;
        st.global.f64 [%rd10+256], %fd1;
        bar.sync 0;
        wmma.load.a.sync.aligned.row.m8n8k4.f64 {%fd2}, [%rd1];
        wmma.load.b.sync.aligned.col.m8n8k4.f64 {%fd3}, [%rd1+256];
        wmma.mma.sync.aligned.row.col.m8n8k4.rn.f64.f64.f64.f64 {%fd4, %fd5}, {%fd2}, {%fd3}, {0d3FF0000000000000, 0d3FF0000000000000};
        wmma.store.d.sync.aligned.row.m8n8k4.global.f64 [%rd1+1024], {%fd4, %fd5};
        bar.sync 0;
        mul.wide.u32 %rd11, %r0, 16;
        add.s64 %rd11, %rd1, %rd11;
        ld.global.f64 %fd6, [%rd11+1024];
        ld.global.f64 %fd7, [%rd11+1032];
        cvt.rzi.s32.f64 %r10, %fd6;
        cvt.rzi.s32.f64 %r11, %fd7;
        bar.sync 0;
        mul.wide.u32 %rd12, %r0, 8;
        add.s64 %rd12, %rd1, %rd12;
        st.global.b32 [%rd12], %r10;
        st.global.b32 [%rd12+4], %r11;
        """;
    int[] results = Trial.of(".reg .f64 %fd<9>;\n", body, Trial.options()).run(1, 32).ints(64);
    for (int row = 0; row < 8; row++) {
      for (int column = 0; column < 8; column++) {
        int sum = 1;
        for (int k = 0; k < 4; k++) {
          sum += (4 * row + k) * (4 * column + k);
        }
        assertEquals(sum, results[8 * row + column], row + ", " + column);
      }
    }
  }
}
