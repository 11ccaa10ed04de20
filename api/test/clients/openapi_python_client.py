"""Uses the client that openapi-python-client generates (package client): adds, renames, changes and lists. Prints the id of its city."""

import sys

from client import Client
from client.api.cities import add_city, get_city, rename_city
from client.api.forecast import add_forecast, change_forecast
from client.api.weather_forecast import list_weather
from client.models import ChangedForecast, City, CityInput, NewForecast, Problem

api = Client(base_url=sys.argv[1])

city = add_city.sync(client=api, body=CityInput(name="New"))
assert isinstance(city, City), city
renamed = rename_city.sync(city.id, client=api, body=CityInput(name="Renamed"))
assert isinstance(renamed, City) and renamed.name == "Renamed", renamed

value = NewForecast(date_time=9007199254740993, temperature=-7, summary="Snow")
added = add_forecast.sync(city.id, client=api, body=value)
assert added.date_time == 9007199254740993, added
change = ChangedForecast(date_time=9007199254740993, temperature=-8)
changed = change_forecast.sync(added.id, client=api, body=change)
assert changed.city_id == city.id and changed.summary is None, changed

[weather] = list_weather.sync(client=api, city_id=city.id)
assert [forecast.temperature for forecast in weather.forecast] == [-8], weather
missing = get_city.sync(9223372036854775807, client=api)
assert isinstance(missing, Problem) and missing.status == 404, missing
print(city.id)
