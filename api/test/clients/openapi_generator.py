"""Uses the client that openapi-generator generates for Python (package client): adds, renames, changes and lists. Prints the id of its city."""

import sys

from client import ApiClient, CitiesApi, Configuration, ForecastApi, WeatherForecastApi
from client.exceptions import NotFoundException
from client.models import ChangedForecast, CityInput, NewForecast

with ApiClient(Configuration(host=sys.argv[1])) as api:
    cities = CitiesApi(api)
    city = cities.add_city(CityInput(name="New"))
    assert cities.rename_city(city.id, CityInput(name="Renamed")).name == "Renamed"

    value = NewForecast(dateTime=9007199254740993, temperature=-7, summary="Snow")
    added = ForecastApi(api).add_forecast(city.id, value)
    assert added.date_time == 9007199254740993, added
    change = ChangedForecast(dateTime=9007199254740993, temperature=-8)
    changed = ForecastApi(api).change_forecast(added.id, change)
    assert changed.city_id == city.id and changed.summary is None, changed

    [weather] = WeatherForecastApi(api).list_weather(city_id=city.id)
    assert [forecast.temperature for forecast in weather.forecast] == [-8], weather
    try:
        cities.get_city(9223372036854775807)
        raise AssertionError("a city that does not exist was answered")
    except NotFoundException as error:
        assert error.data.status == 404, error
    print(city.id)
