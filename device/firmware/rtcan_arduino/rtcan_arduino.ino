/*
 * RTCAN firmware as an Arduino sketch, for whoever has the Arduino IDE and no avr-gcc: open this
 * file, choose the board (an Uno, Nano, Mega or Leonardo), upload. The protocol, the commands and
 * the wiring are those of ../rtcan.c; that one keeps time by a timer, this one by micros(), whose
 * steps are 4 microseconds.
 */
#include <Arduino.h>
#include <EEPROM.h>
#include <avr/wdt.h>
#include <util/crc16.h>

const char BOARD[] = "arduino";
const uint8_t VERSION = 1, SETTINGS_FRAME = 0x41, TEXT_FRAME = 0x81;
const uint8_t CONVERSIONS = 16, BITS = 14;
const uint16_t OPEN_NOMINAL = 512U * CONVERSIONS;
const uint16_t RATE_AT_START = 100, RATE_LOWEST = 10, RATE_HIGHEST = 200;
const uint8_t LONGEST_TEXT = 64, LONGEST_LINE = 31;

uint16_t rate_hz = RATE_AT_START, open_adc = OPEN_NOMINAL, number = 0, since_settings = 0;
uint32_t due_us;

/* Send payload and CRC-16 (XMODEM, low byte first), COBS coded, ended by a zero byte. */
void send_frame(uint8_t *payload, uint8_t size)
{
	uint16_t crc = 0;
	uint8_t start = 0;

	for (uint8_t i = 0; i < size; i++)
		crc = _crc_xmodem_update(crc, payload[i]);
	payload[size++] = crc & 0xFF;
	payload[size++] = crc >> 8;
	for (uint8_t i = 0; i <= size; i++) {
		if (i < size && payload[i] != 0)
			continue;
		Serial.write(i - start + 1);
		Serial.write(payload + start, i - start);
		start = i + 1;
	}
	Serial.write((uint8_t)0);
}

void send_text(const char *text)
{
	uint8_t payload[1 + LONGEST_TEXT + 2];
	uint8_t size = strlen(text);

	payload[0] = TEXT_FRAME;
	memcpy(payload + 1, text, size);
	send_frame(payload, 1 + size);
}

void send_settings(bool started)
{
	uint8_t payload[7 + 2] = {
		SETTINGS_FRAME, BITS, lowByte(open_adc), highByte(open_adc),
		lowByte(rate_hz), highByte(rate_hz), started,
	};

	send_frame(payload, 7);
}

void send_identity(const char *greeting, bool started)
{
	char text[LONGEST_TEXT + 1];

	send_settings(started);
	snprintf(text, sizeof text, "%s %d board=%s bits=%d open=%u rate=%u", greeting, VERSION,
		 BOARD, BITS, open_adc, rate_hz);
	send_text(text);
}

void send_sample(uint32_t time_us, uint16_t adc)
{
	uint8_t payload[9 + 2] = {
		VERSION, lowByte(number), highByte(number), (uint8_t)time_us,
		(uint8_t)(time_us >> 8), (uint8_t)(time_us >> 16), (uint8_t)(time_us >> 24),
		lowByte(adc), highByte(adc),
	};

	send_frame(payload, 9);
}

uint16_t read_adc()
{
	uint16_t sum = 0;

	for (uint8_t i = 0; i < CONVERSIONS; i++)
		sum += analogRead(A0);
	return sum;
}

void obey(char *line)
{
	char *argument = strchr(line, ' ');
	long value = -1;

	if (argument) {
		*argument++ = '\0';
		value = atol(argument);
	}
	if (!strcmp(line, "rate") && value >= RATE_LOWEST && value <= RATE_HIGHEST) {
		rate_hz = value;
	} else if (!strcmp(line, "open") && value > 0 && value < (1L << BITS)) {
		open_adc = value;
		EEPROM.put(0, open_adc);
	} else if (!strcmp(line, "reset")) {
		for (;;)
			; /* until the watchdog bites */
	} else if (strcmp(line, "?")) {
		send_text("error");
		return;
	}
	send_identity("rtcan", false);
}

void listen()
{
	static char line[LONGEST_LINE + 1];
	static uint8_t size;

	while (Serial.available()) {
		char byte = Serial.read();

		if (byte == '\n' || byte == '\r') {
			line[size] = '\0';
			if (size)
				obey(line);
			size = 0;
		} else if (size < LONGEST_LINE) {
			line[size++] = byte;
		}
	}
}

void setup()
{
	uint16_t kept;

	wdt_enable(WDTO_500MS);
	Serial.begin(115200);
	EEPROM.get(0, kept);
	/* An erased EEPROM reads 0xFFFF. */
	if (kept > 0 && kept < (1U << BITS))
		open_adc = kept;
	Serial.write((uint8_t)0);
	send_identity("hello", true);
	due_us = micros();
}

void loop()
{
	uint32_t period_us = 1000000UL / rate_hz;

	wdt_reset();
	listen();
	if (micros() - due_us < period_us)
		return;
	/* Periods that the program was too slow for show as missing numbers, never as wrong times. */
	while (micros() - due_us >= 2 * period_us) {
		due_us += period_us;
		number++;
	}
	due_us += period_us;
	send_sample(due_us, read_adc());
	number++;
	if (++since_settings >= rate_hz) {
		since_settings = 0;
		send_settings(false);
	}
}
