import java.util.List;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.CitiesApi;
import org.openapitools.client.api.ForecastApi;
import org.openapitools.client.api.WeatherForecastApi;
import org.openapitools.client.model.ChangedForecast;
import org.openapitools.client.model.City;
import org.openapitools.client.model.CityInput;
import org.openapitools.client.model.CityWeather;
import org.openapitools.client.model.Forecast;
import org.openapitools.client.model.NewForecast;

/** Uses the client that openapi-generator generates for Java: adds, renames, changes and lists. Prints the id of its city. */
public class OpenApiGenerator {
  public static void main(String[] arguments) throws ApiException {
    ApiClient api = new ApiClient();
    api.updateBaseUri(arguments[0]);
    CitiesApi cities = new CitiesApi(api);
    ForecastApi values = new ForecastApi(api);

    City city = cities.addCity(new CityInput().name("New"), null);
    check(cities.renameCity(city.getId(), new CityInput().name("Renamed"), null, null).getName().equals("Renamed"));

    NewForecast value = new NewForecast().dateTime(9007199254740993L).temperature(-7).summary("Snow");
    Forecast added = values.addForecast(city.getId(), value, null);
    check(added.getDateTime() == 9007199254740993L);
    ChangedForecast change = new ChangedForecast().dateTime(9007199254740993L).temperature(-8);
    Forecast changed = values.changeForecast(added.getId(), change, null, null);
    check(changed.getCityId().equals(city.getId()) && changed.getSummary() == null);

    List<CityWeather> weather = new WeatherForecastApi(api).listWeather(city.getId(), null, null, null);
    check(weather.size() == 1 && weather.get(0).getForecast().get(0).getTemperature() == -8);
    try {
      cities.getCity(9223372036854775807L);
      check(false);
    } catch (ApiException error) {
      check(error.getCode() == 404);
    }
    System.out.println(city.getId());
  }

  private static void check(boolean holds) {
    if (!holds) throw new AssertionError("not as expected");
  }
}
