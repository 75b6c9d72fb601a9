package dev.tandem.op;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.ShapeException;
import dev.tandem.shape.TensorType;
import java.util.List;

/** The checks that shape inference is made of. Each throws {@link ShapeException} in the project's message form. */
final class Check {
  private Check() {}

  /** The message form, with the op's name and the inputs filled in. */
  static ShapeException fail(String op, String wrong, Object got, String remedy) {
    return new ShapeException(op + ": " + wrong + ", got " + got + "; " + remedy);
  }

  static void arity(String op, List<TensorType> inputs, int expected, String roles) {
    if (inputs.size() != expected) {
      throw fail(
          op,
          "wrong number of operands",
          inputs.size() + " " + inputs,
          "give " + expected + ": " + roles);
    }
  }

  static void floating(String op, TensorType type) {
    if (!type.dtype().floating()) {
      throw fail(op, "needs floating-point numbers", type, "cast to F32 first");
    }
  }

  static void dtype(String op, String role, TensorType type, DType expected) {
    if (type.dtype() != expected) {
      throw fail(op, role + " must be " + expected, type, "cast it to " + expected + " first");
    }
  }

  static void sameDType(String op, TensorType a, TensorType b) {
    if (a.dtype() != b.dtype()) {
      throw fail(op, "element types differ", a + " and " + b, "cast one to the other's type");
    }
  }

  static void shape(String op, String role, TensorType type, Shape expected) {
    if (!type.shape().equals(expected)) {
      throw fail(op, role + " has the wrong shape", type.shape(), "it must be " + expected);
    }
  }

  static void sameType(String op, String role, TensorType type, TensorType expected) {
    if (!type.equals(expected)) {
      throw fail(op, role + " has the wrong type or shape", type, "it must be " + expected);
    }
  }

  static void rank(String op, String role, TensorType type, int rank, String axes) {
    if (type.shape().rank() != rank) {
      throw fail(op, role + " must have " + rank + " axes " + axes, type.shape(), "reshape it");
    }
  }

  static void minRank(String op, String role, TensorType type, int rank, String axes) {
    if (type.shape().rank() < rank) {
      throw fail(
          op, role + " must have at least " + rank + " axes " + axes, type.shape(), "reshape it");
    }
  }

  /** Records count axes from 0; negative ones are resolved where the tensor is known. */
  static void countedFromZero(String op, int axis) {
    attribute(axis >= 0, op, "an axis is counted from 0 here", axis, "add the number of axes");
  }

  static void attribute(boolean holds, String op, String wrong, Object got, String remedy) {
    if (!holds) {
      throw fail(op, wrong, got, remedy);
    }
  }
}
