import asyncio

from routing.simulator.listener import Listener
from routing.simulator.values import Reply

SLOW = Reply(status=200, headers=(), head_delay_s=3600)
TWO = b"GET /first HTTP/1.1\r\n\r\nGET /second HTTP/1.1\r\n\r\n"


def test_closing_drops_the_clients_and_tells_of_open_requests():
    abandoned = []

    async def scene():
        asked = asyncio.Event()

        def answer(_):
            asked.set()
            return SLOW

        listener = Listener(answer, abandoned.append)
        port = await listener.open("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(TWO)
        await asked.wait()
        await listener.close()
        received = await reader.read()
        writer.close()
        await writer.wait_closed()
        return received

    assert asyncio.run(scene()) == b""
    assert [request.path for request in abandoned] == ["/first"]
