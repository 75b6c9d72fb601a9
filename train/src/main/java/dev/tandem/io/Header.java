package dev.tandem.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.tandem.shape.Shape;
import dev.tandem.shape.ShapeException;
import dev.tandem.shape.TensorType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The JSON at the head of a safetensors file: where each tensor lies, and text about them all. Nothing in it is believed:
 * numbers are checked against the file before anything is sized by them.
 */
record Header(Map<String, Header.Place> places, Map<String, String> metadata) {
  /** The limit of the format's own reader. */
  static final long LONGEST = 100_000_000;

  /** Data begin at a multiple of this, so that a mapped file's numbers are aligned. */
  static final int ALIGNMENT = 8;

  private static final String METADATA = "__metadata__";
  private static final int MOST_AXES = 64; // PyTorch's limit
  private static final int LONGEST_SHOWN = 80;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          // Text in metadata, such as a run's history, may be long; the header's own limit bounds
          // it.
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(8)
                  .maxStringLength((int) LONGEST)
                  .build())
          .build();

  /** A tensor's type and its bytes, counted from the end of the header: from start, inclusive, to end, exclusive. */
  record Place(String dtype, Shape shape, long start, long end) {}

  // ---- reading

  /** Parses a header that is followed by so many bytes of data. @throws FileException naming the file */
  static Header parse(Path file, byte[] json, long dataBytes) {
    if (json.length == 0 || json[0] != '{') {
      throw fail(
          file, "has no header", "another character than { at byte 8", "give a safetensors file");
    }
    Map<String, Place> places = new LinkedHashMap<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    try (JsonParser parser = JSON.createParser(json)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        if (name.equals(METADATA)) {
          readMetadata(file, parser, metadata);
        } else {
          places.put(name, readPlace(file, name, parser));
        }
      }
      if (parser.nextToken() != null) {
        throw fail(file, "has something after its header", parser.currentToken(), "write it anew");
      }
    } catch (JsonProcessingException e) {
      throw new FileException(
          "safetensors: "
              + file
              + " has a broken header, got "
              + oneLine(e.getOriginalMessage())
              + "; it is damaged: copy or write it anew",
          e);
    } catch (IOException e) {
      throw FileException.of("safetensors", file, "has a header that is not text", e);
    }
    checkCovered(file, places, dataBytes);
    return new Header(places, metadata);
  }

  private static void readMetadata(Path file, JsonParser parser, Map<String, String> metadata)
      throws IOException {
    expect(file, METADATA, parser, JsonToken.START_OBJECT);
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String key = parser.currentName();
      expect(file, METADATA, parser, JsonToken.VALUE_STRING);
      metadata.put(key, parser.getText());
    }
  }

  private static Place readPlace(Path file, String name, JsonParser parser) throws IOException {
    expect(file, name, parser, JsonToken.START_OBJECT);
    String dtype = null;
    List<Long> lengths = null;
    List<Long> offsets = null;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      switch (parser.currentName()) {
        case "dtype" -> {
          expect(file, name, parser, JsonToken.VALUE_STRING);
          dtype = parser.getText();
        }
        case "shape" -> lengths = readNumbers(file, name, parser, MOST_AXES);
        case "data_offsets" -> offsets = readNumbers(file, name, parser, 2);
        default ->
            throw fail(
                file,
                "describes " + quoted(name) + " by an unknown word",
                quoted(parser.currentName()),
                "the format has dtype, shape and data_offsets");
      }
    }
    if (dtype == null || lengths == null || offsets == null || offsets.size() != 2) {
      throw fail(
          file,
          "describes " + quoted(name) + " incompletely",
          "dtype " + dtype + ", shape " + lengths + ", data_offsets " + offsets,
          "write it anew");
    }
    return place(file, name, dtype, lengths, offsets);
  }

  private static Place place(
      Path file, String name, String dtype, List<Long> lengths, List<Long> offsets) {
    long start = offsets.get(0);
    long end = offsets.get(1);
    int bytes =
        DTypes.bytes(dtype)
            .orElseThrow(() ->
                fail(
                    file,
                    "gives " + quoted(name) + " an unknown element type",
                    quoted(dtype),
                    "convert it to F32"));
    try {
      Shape shape = Shape.of(lengths.stream().mapToInt(Math::toIntExact).toArray());
      long size = Math.multiplyExact(shape.elements(), (long) bytes);
      if (start > end || end - start != size) {
        throw fail(
            file,
            "gives " + quoted(name) + " bytes that do not fit its shape",
            offsets + " for " + dtype + " " + shape + " of " + size + " bytes",
            "it is damaged: copy or write it anew");
      }
      return new Place(dtype, shape, start, end);
    } catch (ArithmeticException | ShapeException e) { // a length, or the product of all
      throw new FileException(
          "safetensors: "
              + file
              + " gives "
              + quoted(name)
              + " a shape that is too large, got "
              + lengths
              + "; lengths go up to "
              + Integer.MAX_VALUE,
          e);
    }
  }

  private static List<Long> readNumbers(Path file, String name, JsonParser parser, int most)
      throws IOException {
    expect(file, name, parser, JsonToken.START_ARRAY);
    List<Long> numbers = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      boolean whole =
          parser.currentToken() == JsonToken.VALUE_NUMBER_INT
              && parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER;
      if (!whole || parser.getLongValue() < 0 || numbers.size() == most) {
        throw fail(
            file,
            "describes " + quoted(name) + " by numbers that cannot be",
            numbers + " followed by " + quoted(parser.getText()),
            "it is damaged: copy or write it anew");
      }
      numbers.add(parser.getLongValue());
    }
    return numbers;
  }

  private static void expect(Path file, String name, JsonParser parser, JsonToken expected)
      throws IOException {
    JsonToken token = parser.nextToken();
    if (token != expected) {
      throw fail(
          file,
          "describes " + quoted(name) + " wrongly",
          token + " where " + expected + " should be",
          "it is damaged: copy or write it anew");
    }
  }

  /** Every byte of the data must belong to exactly one tensor: no holes, no overlaps, nothing cut off or left over. */
  private static void checkCovered(Path file, Map<String, Place> places, long dataBytes) {
    List<Map.Entry<String, Place>> byStart = new ArrayList<>(places.entrySet());
    byStart.sort(
        Comparator.comparingLong((Map.Entry<String, Place> e) -> e.getValue().start())
            .thenComparingLong(e -> e.getValue().end()));
    long covered = 0;
    for (Map.Entry<String, Place> entry : byStart) {
      Place place = entry.getValue();
      if (place.start() != covered) {
        throw fail(
            file,
            (place.start() < covered ? "has overlapping tensors at " : "has a hole before ")
                + quoted(entry.getKey()),
            "data up to byte " + covered + ", then a tensor from byte " + place.start(),
            "it is damaged: copy or write it anew");
      }
      covered = place.end();
    }
    if (covered != dataBytes) {
      throw fail(
          file,
          covered > dataBytes ? "is cut off" : "has bytes that belong to no tensor",
          dataBytes + " bytes of data where the header describes " + covered,
          "copy or write it anew");
    }
  }

  // ---- writing

  /** Places for the tensors one after another, in the order of the format's own writer: by element type, then name. */
  static Header of(Map<String, TensorType> types, Map<String, String> metadata) {
    List<String> order = new ArrayList<>(types.keySet());
    order.sort(
        Comparator.comparingInt((String name) -> DTypes.layout(types.get(name).dtype()))
            .thenComparing(Comparator.naturalOrder()));
    Map<String, Place> places = new LinkedHashMap<>();
    long start = 0;
    for (String name : order) {
      if (name.equals(METADATA)) {
        throw new FileException(
            "safetensors: a tensor has a name that the format keeps to itself, got '"
                + name
                + "'; name it otherwise");
      }
      TensorType type = types.get(name);
      places.put(name, new Place(type.dtype().name(), type.shape(), start, start + type.bytes()));
      start += type.bytes();
    }
    return new Header(places, metadata);
  }

  /** JSON without spaces but those at the end, which make the length a multiple of {@link #ALIGNMENT}. */
  byte[] json() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator generator = JSON.createGenerator(bytes)) {
      generator.writeStartObject();
      if (!metadata.isEmpty()) {
        generator.writeObjectFieldStart(METADATA);
        for (Map.Entry<String, String> entry : metadata.entrySet()) {
          generator.writeStringField(entry.getKey(), entry.getValue());
        }
        generator.writeEndObject();
      }
      for (Map.Entry<String, Place> entry : places.entrySet()) {
        Place place = entry.getValue();
        int[] lengths = place.shape().lengths();
        generator.writeObjectFieldStart(entry.getKey());
        generator.writeStringField("dtype", place.dtype());
        generator.writeFieldName("shape");
        generator.writeArray(lengths, 0, lengths.length);
        generator.writeFieldName("data_offsets");
        generator.writeArray(new long[] {place.start(), place.end()}, 0, 2);
        generator.writeEndObject();
      }
      generator.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("an array in memory refused bytes", e);
    }
    byte[] json = bytes.toByteArray();
    byte[] padded = Arrays.copyOf(json, Math.ceilDiv(json.length, ALIGNMENT) * ALIGNMENT);
    Arrays.fill(padded, json.length, padded.length, (byte) ' ');
    return padded;
  }

  // ---- messages

  private static FileException fail(Path file, String wrong, Object got, String remedy) {
    return new FileException("safetensors: " + file + " " + wrong + ", got " + got + "; " + remedy);
  }

  /** A word of a file that may be hostile, fit for a line of a terminal. */
  static String quoted(String word) {
    return "'" + shown(word) + "'";
  }

  /** As {@link #quoted}, without quotes. */
  static String shown(String word) {
    return oneLine(word.length() > LONGEST_SHOWN ? word.substring(0, LONGEST_SHOWN) + "..." : word);
  }

  private static String oneLine(String text) {
    return text.replaceAll("\\p{Cc}+", " ");
  }
}
