package dev.tandem.cli.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON as maps, lists, texts, longs, doubles and booleans; an object's fields are asked for with what stands for one that is absent. */
record Json(Map<String, Object> fields) {
  private static final JsonFactory FACTORY = new JsonFactory();

  /** @throws IOException where the text is no object of JSON */
  static Json parse(String text) throws IOException {
    try (JsonParser parser = FACTORY.createParser(text)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("not a JSON object");
      }
      return new Json(object(parser));
    }
  }

  private static Map<String, Object> object(JsonParser parser) throws IOException {
    Map<String, Object> fields = new LinkedHashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      fields.put(name, value(parser));
    }
    return fields;
  }

  private static Object value(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    if (token == null) {
      throw new IOException("the text ends too early");
    }
    return switch (token) {
      case START_OBJECT -> object(parser);
      case START_ARRAY -> {
        List<Object> entries = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          entries.add(value(parser));
        }
        yield entries;
      }
      case VALUE_STRING -> parser.getText();
      case VALUE_NUMBER_INT -> {
        // A double has 53 bits, and a seed 64.
        if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
          yield parser.getDoubleValue();
        }
        yield parser.getLongValue();
      }
      case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NULL -> null;
      default -> throw new IOException("no value, got " + token);
    };
  }

  boolean has(String name) {
    return fields.get(name) != null;
  }

  String text(String name) {
    return fields.get(name) instanceof String text ? text : "";
  }

  /** NaN where there is no number: what is not finite was written as null. */
  double number(String name) {
    return fields.get(name) instanceof Number number ? number.doubleValue() : Double.NaN;
  }

  /** The number as it was written; empty where there is none. */
  String figure(String name) {
    return fields.get(name) instanceof Number number ? number.toString() : "";
  }

  Json object(String name) {
    return of(fields.get(name));
  }

  List<Json> objects(String name) {
    return list(name).stream().map(Json::of).toList();
  }

  List<String> texts(String name) {
    return list(name).stream().map(String::valueOf).toList();
  }

  double[] numbers(String name) {
    return numbers(list(name));
  }

  /** Rows of numbers. */
  List<double[]> rows(String name) {
    return list(name).stream()
        .map(row -> row instanceof List<?> entries ? numbers(entries) : new double[0])
        .toList();
  }

  private static double[] numbers(List<?> entries) {
    return entries.stream()
        .mapToDouble(entry -> entry instanceof Number number ? number.doubleValue() : Double.NaN)
        .toArray();
  }

  private List<?> list(String name) {
    return fields.get(name) instanceof List<?> entries ? entries : List.of();
  }

  private static Json of(Object value) {
    Map<String, Object> fields = new LinkedHashMap<>();
    if (value instanceof Map<?, ?> map) {
      map.forEach((key, entry) -> fields.put((String) key, entry));
    }
    return new Json(fields);
  }
}
