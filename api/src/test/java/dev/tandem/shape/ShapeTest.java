package dev.tandem.shape;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ShapeTest {
  @Test
  void elementsAreTheProductAndOneForAScalar() {
    assertEquals(24, Shape.of(2, 3, 4).elements());
    assertEquals(1, Shape.scalar().elements());
    assertEquals(0, Shape.of(3, 0).elements());
    assertEquals(4_000_000_000_000L, Shape.of(2_000_000, 2_000_000).elements());
  }

  @Test
  void stridesAreRowMajor() {
    assertArrayEquals(new long[] {12, 4, 1}, Shape.of(2, 3, 4).strides());
  }

  @Test
  void negativeAxesCountFromTheEnd() {
    assertEquals(4, Shape.of(2, 3, 4).length(-1));
    assertEquals(0, Shape.of(2, 3, 4).axis("sum", -3));
    ShapeException e = assertThrows(ShapeException.class, () -> Shape.of(2, 3).axis("sum", 2));
    assertEquals("sum: no such axis, got axis 2 of (2, 3); axes run from -2 to 1", e.getMessage());
  }

  @Test
  void broadcastingAlignsAtTheInnermostAxis() {
    assertEquals(Shape.of(5, 2, 3), Shape.broadcast("add", Shape.of(2, 1), Shape.of(5, 1, 3)));
    assertEquals(Shape.of(2, 3), Shape.broadcast("add", Shape.scalar(), Shape.of(2, 3)));
    assertEquals(Shape.of(0, 3), Shape.broadcast("add", Shape.of(0, 1), Shape.of(1, 3)));
    ShapeException e =
        assertThrows(
            ShapeException.class, () -> Shape.broadcast("add", Shape.of(2, 3), Shape.of(2)));
    assertEquals(
        "add: shapes do not broadcast, got (2, 3) and (2); axis -1 must be equal, or 1 on one side",
        e.getMessage());
  }

  @Test
  void stretchingIsOneWay() {
    assertTrue(Shape.of(3, 1).broadcastsTo(Shape.of(2, 3, 4)));
    assertFalse(Shape.of(2, 3, 4).broadcastsTo(Shape.of(3, 4)));
    assertFalse(Shape.of(2).broadcastsTo(Shape.of(3)));
  }

  @Test
  void lengthsCannotBeNegative() {
    assertThrows(ShapeException.class, () -> Shape.of(2, -1));
  }

  @Test
  void aShapeBeyondCountingIsRefused() {
    int most = Integer.MAX_VALUE;
    ShapeException e = assertThrows(ShapeException.class, () -> Shape.of(most, most));
    assertEquals(
        "shape: more elements than can be counted, got [2147483647, 2147483647]; give smaller lengths",
        e.getMessage());
    assertThrows(ShapeException.class, () -> Shape.of(most, most, most, most));
    assertEquals(1L << 59, Shape.of(1 << 30, 1 << 29).elements());
  }

  @Test
  void aShapeDoesNotSeeLaterChangesOfItsArray() {
    int[] lengths = {2, 3};
    Shape shape = Shape.of(lengths);
    lengths[0] = 9;
    shape.lengths()[1] = 9;
    assertEquals(Shape.of(2, 3), shape);
    assertEquals("(2, 3)", shape.toString());
  }
}
