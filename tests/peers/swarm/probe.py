#!/usr/bin/env python3
"""probe.py NAME=HOST:PORT[,HOST:PORT...]...: asks every address each 50 ms with a fresh connection until standard input ends, then prints JSON: how many of
the names answered at least ("minimum"; a name answers where any of its addresses does), how many rounds there were, and the texts in the order in which
each name first gave them. The first round in which every name answers begins the count. A slow answer, as on a busy machine, is one."""
import asyncio, json, sys, time

INTERVAL, PATIENCE = 0.05, 30.0

async def ask(address):
    host, port = address.rsplit(":", 1)
    writer = None
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"GET / HTTP/1.0\r\nHost: {address}\r\n\r\n".encode())
            head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
            return body.decode(errors="replace") if b" 200" in head.split(b"\r\n")[0] else None
    except (OSError, asyncio.TimeoutError):
        return None
    finally:
        if writer:
            writer.close()

async def main(names):
    rounds, began, flights = {}, time.monotonic(), {}
    def flight(address):
        """The question that is under way, or a new one: those to a slow address must not pile up."""
        if address not in flights or flights[address].done():
            flights[address] = asyncio.create_task(ask(address))
        return flights[address]
    async def ask_name(number, name, addresses):
        answers = await asyncio.gather(*(flight(address) for address in addresses))
        texts = [answer for answer in answers if answer is not None]
        rounds.setdefault(number, {})[name] = texts[0] if texts else None
    ended, tasks, number = asyncio.Event(), [], 0
    asyncio.get_running_loop().add_reader(sys.stdin, lambda: sys.stdin.buffer.read1(1) or ended.set())
    while not ended.is_set():
        tasks += [asyncio.create_task(ask_name(number, name, addresses)) for name, addresses in names.items()]
        number += 1
        await asyncio.sleep(max(0.0, began + number * INTERVAL - time.monotonic()))
    await asyncio.gather(*tasks)
    counts = [sum(answer is not None for answer in rounds[number].values()) for number in sorted(rounds)]
    first = next((number for number, count in enumerate(counts) if count == len(names)), len(counts))
    texts = {name: [] for name in names}
    for number in sorted(rounds):
        for name, text in rounds[number].items():
            if text is not None and text not in texts[name]:
                texts[name].append(text)
    counted = counts[first:]
    print(json.dumps({"rounds": len(counted), "minimum": min(counted, default=0), "texts": texts,
                      "seconds": {count: round(counted.count(count) * INTERVAL, 2) for count in range(len(names) + 1)}}))

asyncio.run(main({name: addresses.split(",") for name, addresses in (word.split("=", 1) for word in sys.argv[1:])}))
