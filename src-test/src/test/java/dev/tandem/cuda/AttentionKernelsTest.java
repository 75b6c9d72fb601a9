package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.conformance.Values;
import dev.tandem.op.Op;
import dev.tandem.op.Sequence.Attention;
import dev.tandem.op.Sequence.AttentionGrad;
import dev.tandem.op.Sequence.PackedAttention;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Attention of sizes at which tiles end, begin and are left out; of rows that begin on 16 bytes and elsewhere; with weights spread
 * evenly and all on one key.
 */
final class AttentionKernelsTest {
  private static Emulated gpu;

  @BeforeAll
  static void open() {
    gpu = KernelRun.gpu(false);
  }

  @AfterAll
  static void close() {
    gpu.close();
  }

  private static AttentionCase of(
      DType dtype, int queries, int keys, int heads, int keyHeads, int columns, boolean causal) {
    return new AttentionCase(dtype, 1, queries, keys, heads, keyHeads, columns, causal, 1);
  }

  /** Every size once or more, not in all combinations: a key head for one, two and four query heads, and all tails of tiles. */
  private static Stream<AttentionCase> cases(DType dtype) {
    return Stream.of(
        of(dtype, 1, 1, 1, 1, 8, true),
        of(dtype, 7, 7, 2, 1, 16, true),
        of(dtype, 7, 130, 4, 1, 33, true),
        of(dtype, 64, 64, 1, 1, 24, true),
        of(dtype, 65, 65, 2, 2, 33, false),
        of(dtype, 130, 130, 2, 1, 40, true),
        of(dtype, 1, 130, 1, 1, 64, true),
        of(dtype, 64, 130, 1, 1, 64, true),
        of(dtype, 130, 65, 2, 1, 64, false),
        of(dtype, 150, 201, 1, 1, 64, true),
        of(dtype, 65, 70, 1, 1, 80, true),
        of(dtype, 130, 130, 1, 1, 128, true),
        of(dtype, 65, 64, 2, 1, 128, false),
        // A warp's first key is seen by the last query of a piece, and none before it.
        of(dtype, 66, 67, 1, 1, 64, true),
        of(dtype, 66, 67, 1, 1, 128, true),
        of(dtype, 3, 5, 1, 1, 1, false),
        of(dtype, 5, 9, 1, 1, 127, true),
        of(dtype, 70, 70, 1, 1, 32, true).scaled(40),
        of(dtype, 70, 70, 1, 1, 64, true).scaled(-2),
        of(dtype, 70, 70, 1, 1, 64, true).scaled(0),
        new AttentionCase(dtype, 3, 66, 66, 2, 1, 32, true, 1));
  }

  @TestFactory
  Stream<DynamicTest> ofEachSize() {
    return Stream.of(DType.F32, DType.BF16, DType.F16)
        .flatMap(AttentionKernelsTest::cases)
        .map(each ->
            DynamicTest.dynamicTest(
                each.toString(), () -> AttentionCheck.check(gpu.backend(), each)));
  }

  /** No queries: nothing is summed, and that is a zero, not what memory held. */
  @Test
  void keysWithoutQueriesHaveNoSlope() {
    for (DType dtype : List.of(DType.F32, DType.BF16)) {
      Values none = Values.zeros(new TensorType(dtype, Shape.of(2, 0, 2, 8)));
      Values lse = Values.zeros(new TensorType(DType.F32, Shape.of(2, 2, 0)));
      Values keys = KernelRun.drawn(dtype, Shape.of(2, 3, 1, 8), () -> 1);
      List<Values> slopes = run(new AttentionGrad(false, 1), none, keys, keys, none, lse, none);
      assertEquals(0, AttentionOracle.largest(slopes.get(1).data()));
      assertEquals(0, AttentionOracle.largest(slopes.get(2).data()));
      assertEquals(0, run(new Attention(true, 1), none, keys, keys).getFirst().data().length);
    }
  }

  /** Of a causal sequence: what comes later changes no bit of what was. */
  @Test
  void laterKeysAreNotSeen() {
    for (DType dtype : List.of(DType.F32, DType.BF16, DType.F16)) {
      Values qkv = KernelRun.whole(dtype, Shape.of(1, 140, 3 * 24), -3, 3, 5);
      Values changed = qkv.copy();
      for (int i = 100 * 72; i < changed.data().length; i++) {
        changed.data()[i] = -2 * changed.data()[i] + 1;
      }
      PackedAttention op = new PackedAttention(1, 1, true, 0.2);
      double[] before = run(op, qkv).getFirst().data();
      double[] after = run(op, changed).getFirst().data();
      assertEquals(-1, firstDifference(before, after, 100 * 24), dtype + " at");
      assertEquals(100 * 24, firstDifference(before, after, before.length), dtype + " at");
    }
  }

  private static int firstDifference(double[] a, double[] b, int end) {
    return Arrays.mismatch(a, 0, end, b, 0, end);
  }

  /** A number that is none becomes its own row's, and those of no others before it. */
  @Test
  void nanStaysWhatItIs() {
    for (DType dtype : List.of(DType.F32, DType.BF16)) {
      Values qkv = KernelRun.whole(dtype, Shape.of(1, 70, 3 * 8), -3, 3, 5);
      qkv.data()[65 * 24 + 3] = Double.NaN; // of query 65
      double[] y = run(new PackedAttention(1, 1, true, 0.2), qkv).getFirst().data();
      for (int i = 0; i < y.length; i++) {
        assertEquals(i / 8 == 65, Double.isNaN(y[i]), dtype + " at " + i);
      }
    }
  }

  private static List<Values> run(Op op, Values... inputs) {
    return Emulated.run(gpu.backend(), op, inputs);
  }
}
