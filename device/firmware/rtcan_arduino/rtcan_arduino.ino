/*
 * RTCAN firmware as an Arduino sketch, for whoever has the Arduino IDE and no avr-gcc: open this
 * file, with protocol.h beside it, choose the board (an Uno, Nano, Mega or Leonardo), upload. The
 * wiring is that of ../rtcan.c; that one keeps time by a timer, this one by micros(), whose steps
 * are 4 microseconds.
 */
#include <Arduino.h>
#include <EEPROM.h>
#include <avr/wdt.h>

#define BOARD "arduino"
#include "protocol.h"

uint16_t number = 0;
uint32_t due_us;

static void send_byte(uint8_t byte)
{
	Serial.write(byte);
}

static void follow_rate(void)
{
	/* loop() looks at the rate anew each time. */
}

static void keep_open_adc(void)
{
	EEPROM.put(0, open_adc);
}

uint16_t read_adc()
{
	uint16_t sum = 0;

	for (uint8_t i = 0; i < CONVERSIONS; i++)
		sum += analogRead(A0);
	return sum;
}

void setup()
{
	uint16_t kept;

	wdt_enable(WDTO_500MS);
	Serial.begin(BAUD_RATE);
	EEPROM.get(0, kept);
	restore_open_adc(kept);
	send_byte(0);
	send_identity("hello", true);
	due_us = micros();
}

void loop()
{
	wdt_reset();
	while (Serial.available())
		hear(Serial.read());

	uint32_t period_us = 1000000UL / rate_hz;

	if (micros() - due_us < period_us)
		return;
	/* Periods that the program was too slow for show as missing numbers, never as wrong times. */
	while (micros() - due_us >= 2 * period_us) {
		due_us += period_us;
		number++;
	}
	due_us += period_us;
	send_sample(number++, due_us, read_adc());
}
