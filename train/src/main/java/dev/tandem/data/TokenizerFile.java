package dev.tandem.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.tandem.io.AtomicFile;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * {@code tokens.json}, which lies beside token shards and in run folders and tells what the tokens are: a
 * JSON object of format, tokenizer, vocabulary (how many tokens there are) and, for characters, all of them
 * as one text in the order of their tokens.
 */
public final class TokenizerFile {
  /** The file's name in a run folder. */
  public static final String NAME = "tokens.json";

  private static final String FORMAT = "tandem tokens 1";

  /** All of Unicode, each character written as two escapes, and room for the rest. */
  private static final int MOST_BYTES = 16 << 20;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(2)
                  .maxStringLength(MOST_BYTES)
                  .build())
          .build();

  private TokenizerFile() {}

  /** Replaces the file; throws {@link dev.tandem.io.FileException} where it cannot be written. */
  public static void write(Path file, Tokenizer tokenizer) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      json.useDefaultPrettyPrinter();
      json.writeStartObject();
      json.writeStringField("format", FORMAT);
      json.writeStringField("tokenizer", tokenizer.name());
      json.writeNumberField("vocabulary", tokenizer.size());
      if (tokenizer instanceof CharacterTokenizer characters) {
        StringBuilder all = new StringBuilder();
        characters.codePoints().forEach(all::appendCodePoint);
        json.writeStringField("characters", all.toString());
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a writer in memory has no input or output to fail
    }
    AtomicFile.text(file, text + "\n");
  }

  /** Reads a file; throws {@link DataException} where it is not what {@link #write} writes. */
  public static Tokenizer read(Path file) {
    try {
      if (Files.size(file) > MOST_BYTES) {
        throw refused(file, "is too large", Files.size(file) + " bytes");
      }
      Map<String, String> fields = fields(file, Files.readAllBytes(file));
      if (!FORMAT.equals(fields.get("format"))) {
        throw refused(file, "is of another format", "'" + fields.get("format") + "'");
      }
      Tokenizer tokenizer = tokenizer(file, fields);
      if (!Integer.toString(tokenizer.size()).equals(fields.get("vocabulary"))) {
        throw refused(
            file,
            "contradicts itself",
            "a vocabulary of "
                + fields.get("vocabulary")
                + " where "
                + tokenizer.name()
                + " has "
                + tokenizer.size());
      }
      return tokenizer;
    } catch (JsonProcessingException e) {
      throw refused(file, "is no JSON object", e.getOriginalMessage());
    } catch (IOException e) {
      throw DataFile.unreadable("tokens", file.toString(), e);
    }
  }

  /** The tokenizer that a folder's file tells of; empty where the folder has none. */
  public static Optional<Tokenizer> in(Path folder) {
    Path file = folder.resolve(NAME);
    return Files.exists(file) ? Optional.of(read(file)) : Optional.empty();
  }

  private static Tokenizer tokenizer(Path file, Map<String, String> fields) {
    return switch (fields.getOrDefault("tokenizer", "nothing")) {
      case "bytes" -> Tokenizer.bytes();
      case "gpt2" -> Tokenizer.gpt2();
      case "characters" -> {
        try {
          yield new CharacterTokenizer(
              fields.getOrDefault("characters", "").codePoints().boxed().toList());
        } catch (DataException e) {
          throw new DataException(e.getMessage() + ", and write " + file + " anew", e);
        }
      }
      default ->
          throw refused(file, "names an unknown tokenizer", "'" + fields.get("tokenizer") + "'");
    };
  }

  private static Map<String, String> fields(Path file, byte[] bytes) throws IOException {
    Map<String, String> fields = new LinkedHashMap<>();
    try (JsonParser parser = JSON.createParser(bytes)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw refused(file, "is no JSON object", String.valueOf(parser.currentToken()));
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        if (!parser.nextToken().isScalarValue()) {
          throw refused(file, "has a field that is no text or number", "'" + name + "'");
        }
        fields.put(name, parser.getText());
      }
      if (parser.nextToken() != null) {
        throw refused(file, "goes on after its end", parser.getText());
      }
    }
    return fields;
  }

  private static DataException refused(Path file, String what, String got) {
    return new DataException(
        "tokens: "
            + file
            + " "
            + what
            + ", got "
            + got
            + "; let 'tandem tokenize' write it, or remove it");
  }
}
