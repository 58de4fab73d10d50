/*
 * An emulated ATmega328P board: runs firmware with its UART on a pseudo-terminal and a scripted
 * skin on A0, in real time.
 *
 *     emulator rtcan.elf LINK [SECONDS:MILLIVOLTS ...]
 *
 * LINK becomes the port's name. The script gives the voltage on A0 over time, joined by straight
 * lines; after its last point it stays there. Ctrl-C or SIGTERM ends it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <simavr/avr_adc.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>
#include <simavr/sim_irq.h>

#define MAX_POINTS 256
#define STEP_US 1000
#define SUPPLY_MV 5000

static volatile sig_atomic_t stopping;
static int master;
static avr_t *avr;
static avr_irq_t *to_uart;
static int ready_for_input = 1;
static double script_s[MAX_POINTS], script_mv[MAX_POINTS];
static int points;

static void on_signal(int number)
{
	stopping = 1;
}

static double seconds_emulated(void)
{
	return (double)avr->cycle / avr->frequency;
}

static uint32_t skin_mv(double at_s)
{
	int i = 0;

	while (i < points && script_s[i] <= at_s)
		i++;
	if (i == 0)
		return script_mv[0];
	if (i == points)
		return script_mv[points - 1];
	return script_mv[i - 1] + (script_mv[i] - script_mv[i - 1]) * (at_s - script_s[i - 1]) /
					  (script_s[i] - script_s[i - 1]);
}

/* The converter begins: give it the voltage of this moment. */
static void on_conversion(struct avr_irq_t *irq, uint32_t value, void *param)
{
	avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_ADC0),
		      skin_mv(seconds_emulated()));
}

/* With nobody on the other side bytes go nowhere, as on a real wire. */
static void on_byte(struct avr_irq_t *irq, uint32_t value, void *param)
{
	uint8_t byte = value;
	ssize_t unused = write(master, &byte, 1);
	(void)unused;
}

static void on_may_send(struct avr_irq_t *irq, uint32_t value, void *param)
{
	ready_for_input = 1;
}

static void on_must_wait(struct avr_irq_t *irq, uint32_t value, void *param)
{
	ready_for_input = 0;
}

static void feed_uart(void)
{
	struct pollfd wait = { .fd = master, .events = POLLIN };
	uint8_t byte;

	while (ready_for_input && poll(&wait, 1, 0) > 0 && (wait.revents & POLLIN) &&
	       read(master, &byte, 1) == 1)
		avr_raise_irq(to_uart, byte);
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + 1e-9 * t.tv_nsec;
}

static void open_port(const char *link)
{
	struct termios raw;
	int slave;

	if (openpty(&master, &slave, NULL, NULL, NULL)) {
		perror("openpty");
		exit(1);
	}
	tcgetattr(slave, &raw);
	cfmakeraw(&raw);
	tcsetattr(slave, TCSANOW, &raw);
	/* The slave stays open here, so that the port lives on between readers. */
	fcntl(master, F_SETFL, O_NONBLOCK);
	unlink(link);
	if (symlink(ptsname(master), link)) {
		perror(link);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	elf_firmware_t firmware = { 0 };
	uint32_t flags = 0;

	if (argc < 3 || argc - 3 > MAX_POINTS) {
		fprintf(stderr, "usage: %s FIRMWARE.elf LINK [SECONDS:MILLIVOLTS ...]\n", argv[0]);
		return 2;
	}
	for (int i = 3; i < argc; i++, points++)
		if (sscanf(argv[i], "%lf:%lf", &script_s[points], &script_mv[points]) != 2) {
			fprintf(stderr, "%s is not SECONDS:MILLIVOLTS\n", argv[i]);
			return 2;
		}
	if (!points)
		script_mv[points++] = 1000;
	if (elf_read_firmware(argv[1], &firmware)) {
		fprintf(stderr, "%s cannot be read as firmware\n", argv[1]);
		return 1;
	}
	avr = avr_make_mcu_by_name("atmega328p");
	if (!avr)
		return 1;
	avr_init(avr);
	avr->frequency = 16000000;
	avr->vcc = avr->avcc = avr->aref = SUPPLY_MV;
	avr_load_firmware(avr, &firmware);
	avr->frequency = 16000000;
	avr->vcc = avr->avcc = avr->aref = SUPPLY_MV;

	open_port(argv[2]);
	avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
	flags &= ~(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
	avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
	to_uart = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
	avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT),
				on_byte, NULL);
	avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XON),
				on_may_send, NULL);
	avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XOFF),
				on_must_wait, NULL);
	avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_OUT_TRIGGER),
				on_conversion, NULL);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	printf("%s\n", argv[2]);
	fflush(stdout);

	/* Unpaced, the emulation runs several times too fast: hold it to the clock on the wall. */
	double began_s = now_s();
	while (!stopping) {
		double due_s = now_s() - began_s;
		int state = cpu_Running;

		while (seconds_emulated() < due_s && state != cpu_Done && state != cpu_Crashed) {
			avr_cycle_count_t until =
				avr->cycle + (avr_cycle_count_t)STEP_US * (avr->frequency / 1000000);

			feed_uart();
			while (avr->cycle < until && state != cpu_Done && state != cpu_Crashed)
				state = avr_run(avr);
		}
		if (state == cpu_Done || state == cpu_Crashed) {
			fprintf(stderr, "the emulated processor has stopped\n");
			break;
		}
		usleep(STEP_US);
	}
	unlink(argv[2]);
	return 0;
}
